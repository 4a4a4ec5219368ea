import { BeadList, BeadReady, BeadShow } from '../../protocol/bead';
import type { Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { analyseParallel, needs, plainBead } from './moleculeSteps';

/** `bd ready --mol` and `bd ready --gated`: molecules and steps that can continue. */

/** Prints the ready steps of one molecule, each with the steps that can be done in parallel. */
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
      ready: await backend.call(BeadReady.spec, { ids, includeEphemeral: true, limit: 0 }),
    };
  });
  const { parallel_groups: groups, steps: infos, total_steps: total } = analyseParallel(steps);
  const isReady = new Set(ready.map((bead) => bead.id));
  const rows = steps
    .filter((step) => isReady.has(step.id))
    .map((issue) => {
      const info = { ...infos[issue.id]!, is_ready: true, blocked_by: [] as string[] };
      const { parallel_group: group } = info;
      return {
        issue: plainBead(issue),
        ...(group === undefined ? {} : { parallel_group: group }),
        parallel_info: info,
      };
    });
  const value = {
    molecule_id: root.id,
    molecule_title: root.title,
    total_steps: total,
    ready_steps: rows.length,
    parallel_groups: groups,
    steps: rows,
  };
  context.print(invocation, value, () => [
    '',
    `🧪 Ready steps in molecule: ${oneLine(root.title)}`,
    `   ID: ${root.id}`,
    `   Total: ${total} steps, ${rows.length} ready`,
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

function groupLines(groups: Readonly<Record<string, readonly string[]>>, isReady: ReadonlySet<string>): string[] {
  const lines = Object.entries(groups).flatMap(([name, ids]) => {
    const count = ids.filter((id) => isReady.has(id)).length;
    return count > 0 ? [`   ${name}: ${count} ready`] : [];
  });
  return lines.length > 0 ? ['⚡ Parallel Groups:', ...lines, ''] : [];
}

/** Prints molecules whose gate has opened and whose next step is not in progress. */
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
