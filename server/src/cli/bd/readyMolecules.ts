import { BeadList, BeadReady, BeadShow, type Bead } from '../../protocol/bead';
import type { Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

/** `bd ready --mol` and `bd ready --gated`: what can go on in molecules. */

const blocking = new Set(['blocks', 'conditional-blocks', 'waits-for']);

/** The steps of one molecule that are ready, each with those that can be done at the same time. */
export async function printMoleculeReady(invocation: Invocation, context: BdContext, id: string): Promise<void> {
  const { root, steps, ready } = await context.withLedger(invocation, async (backend) => {
    const [details] = await backend.call(BeadShow.spec, { ids: [id] });
    const below = await backend.call(BeadList.spec, {
      parent: id,
      all: true,
      limit: 0,
      sort: 'created',
      reverse: true,
    });
    const whole = await backend.call(BeadList.spec, { ids: [details!.id], all: true, limit: 1 });
    const ids = [details!.id, ...below.map((bead) => bead.id)];
    return {
      root: details!,
      steps: [...whole, ...below],
      ready: await backend.call(BeadReady.spec, { ids, limit: 0 }),
    };
  });
  const groups = parallelGroups(steps);
  const groupOf = new Map([...groups].flatMap(([name, ids]) => ids.map((step) => [step, name] as const)));
  const blocks = (step: Bead): string[] =>
    steps.filter((other) => needs(other).includes(step.id)).map((other) => other.id);
  const isOpen = (other: string): boolean => steps.find((step) => step.id === other)?.status !== 'closed';
  const isReady = new Set(ready.map((bead) => bead.id));
  const rows = steps
    .filter((step) => isReady.has(step.id))
    .map((issue) => {
      const group = groupOf.get(issue.id);
      const others =
        group === undefined ? [] : (groups.get(group) ?? []).filter((other) => other !== issue.id && isOpen(other));
      return {
        issue: plainBead(issue),
        ...(group === undefined ? {} : { parallel_group: group }),
        parallel_info: {
          step_id: issue.id,
          status: issue.status,
          is_ready: true,
          blocked_by: [] as string[],
          blocks: blocks(issue),
          can_parallel: others,
          ...(group === undefined ? {} : { parallel_group: group }),
        },
      };
    });
  const value = {
    molecule_id: root.id,
    molecule_title: root.title,
    total_steps: steps.length,
    ready_steps: rows.length,
    parallel_groups: Object.fromEntries(groups),
    steps: rows,
  };
  context.print(invocation, value, () => [
    '',
    `🧪 Ready steps in molecule: ${oneLine(root.title)}`,
    `   ID: ${root.id}`,
    `   Total: ${steps.length} steps, ${rows.length} ready`,
    '',
    ...groupLines(groups, isReady),
    '📋 Ready steps:',
    '',
    ...rows.flatMap(({ issue, parallel_group: group, parallel_info: info }, index) => [
      `${index + 1}. [● P${issue.priority}] [${oneLine(issue.issue_type)}] ${issue.id}: ${oneLine(issue.title)}${group ? ` [${group}]` : ''}`,
      ...(info.can_parallel.length > 0 ? [`   Can run with: [${info.can_parallel.join(' ')}]`] : []),
    ]),
  ]);
}

function groupLines(groups: ReadonlyMap<string, readonly string[]>, isReady: ReadonlySet<string>): string[] {
  const lines = [...groups].flatMap(([name, ids]) => {
    const count = ids.filter((id) => isReady.has(id)).length;
    return count > 0 ? [`   ${name}: ${count} ready`] : [];
  });
  return lines.length > 0 ? ['⚡ Parallel Groups:', ...lines, ''] : [];
}

function needs(bead: Bead): string[] {
  return (bead.dependencies ?? []).filter((edge) => blocking.has(edge.type)).map((edge) => edge.depends_on_id);
}

/** Steps that wait for equally long chains of others; a step alone is no group. */
function parallelGroups(steps: readonly Bead[]): Map<string, string[]> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    depths.set(id, 1); // a step that waits for itself
    const before = needs(byId.get(id)!)
      .filter((other) => byId.has(other))
      .map(depthOf);
    const depth = 1 + Math.max(0, ...before);
    depths.set(id, depth);
    return depth;
  };
  const groups = new Map<string, string[]>();
  for (const { id } of steps) {
    const name = `group-${depthOf(id)}`;
    groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  return new Map([...groups].filter(([, ids]) => ids.length > 1));
}

/** Without dependencies and counts. */
function plainBead(bead: Bead): Bead {
  const {
    dependencies: _edges,
    dependency_count: _a,
    dependent_count: _b,
    comment_count: _c,
    parent: _p,
    ...rest
  } = bead;
  return rest;
}

/** Molecules whose gate has closed and whose next step nobody has taken up. */
export async function printGated(invocation: Invocation, context: BdContext): Promise<void> {
  const molecules = await context.withLedger(invocation, async (backend) => {
    const gates = await backend.call(BeadList.spec, { type: ['gate'], status: ['closed'], all: true, limit: 0 });
    const ready = await backend.call(BeadReady.spec, { limit: 0 });
    const titles = new Map((await backend.call(BeadList.spec, { all: true, limit: 0 })).map((bead) => [bead.id, bead]));
    return gates.flatMap((gate) =>
      ready
        .filter((step) => !step.assignee && needs(step).includes(gate.id))
        .map((step) => {
          const parent = gate.parent ?? step.parent ?? '';
          return {
            molecule_id: parent,
            molecule_title: titles.get(parent)?.title ?? '',
            closed_gate: plainBead(gate),
            ready_step: plainBead(step),
          };
        }),
    );
  });
  context.print(invocation, { molecules, count: molecules.length }, () =>
    molecules.length === 0
      ? ['', ' No molecules ready for gate-resume dispatch']
      : [
          '',
          `Molecules ready for gate-resume dispatch (${molecules.length}):`,
          ...molecules.map((each) => `  ${each.molecule_id} ${oneLine(each.molecule_title)}: ${each.ready_step.id}`),
        ],
  );
}
