import { BeadList, type Bead } from '../../protocol/bead';
import { RelationChange } from '../../protocol/dependency';
import { wavesOf } from '../../base/graph';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

/** `bd dep cycles`, `bd dep relate` and `bd dep unrelate`. */

const blocking = new Set(['blocks', 'conditional-blocks', 'waits-for', 'parent-child']);

export function addCycles(dep: CliCommand, context: BdContext): void {
  dep
    .command('cycles')
    .description('find beads that wait for each other')
    .withHelp({
      text: 'A new dependency that closes a cycle is refused; a merge of two clones may still create one.',
      examples: [['bd dep cycles', 'each with its beads']],
      see: ['bd dep remove'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const beads = await context.call(invocation, BeadList.spec, { all: true, limit: 0 });
      const cycles = dependencyCycles(beads);
      context.print(invocation, cycles, () =>
        cycles.length === 0
          ? ['', '✓ No dependency cycles detected', '']
          : [
              '',
              `⚠ Found ${cycles.length} dependency cycle(s):`,
              ...cycles.flatMap((cycle, index) => [
                '',
                `${index + 1}. Cycle:`,
                ...cycle.map((bead) => `   ${bead.id}: ${oneLine(bead.title)}`),
              ]),
            ],
      );
    });
}

/** Groups of beads that wait for each other, each once: each bead waits for the next one. */
export function dependencyCycles(beads: readonly Bead[]): Bead[][] {
  const byId = new Map(beads.map((bead) => [bead.id, bead]));
  const needs = (id: string): string[] =>
    (byId.get(id)?.dependencies ?? [])
      .filter((edge) => blocking.has(edge.type) && byId.has(edge.depends_on_id))
      .map((edge) => edge.depends_on_id);
  return cyclesIn([...byId.keys()], needs).map((ids) => ids.map((id) => byId.get(id)!));
}

/** The cycles, each once: lists of ids that each wait for the next one. */
function cyclesIn(ids: readonly string[], needs: (id: string) => string[]): string[][] {
  const cyclic = new Set(wavesOf(ids, needs).cyclic);
  const found = new Map<string, string[]>();
  for (const start of cyclic) {
    const path: string[] = [];
    for (let id: string | undefined = start; id !== undefined && !path.includes(id); ) {
      path.push(id);
      id = needs(id).find((need) => cyclic.has(need));
    }
    const again = needs(path.at(-1)!).find((need) => path.includes(need));
    if (again === undefined) continue;
    const cycle = path.slice(path.indexOf(again));
    found.set([...cycle].sort().join(' '), cycle);
  }
  return [...found.values()];
}

/** Adds `dep relate` or `dep unrelate`, for links without a direction. */
export function addRelation(parent: CliCommand, context: BdContext, name: 'relate' | 'unrelate'): void {
  const isNew = name === 'relate';
  parent
    .command(name)
    .description(isNew ? 'link two beads with each other, without a direction' : 'remove the link between two beads')
    .argument('<id1>', 'one of them')
    .argument('<id2>', 'the other one')
    .withHelp({
      examples: [[`bd dep ${name} app-a1b2c app-d3e4f`, isNew ? 'each shows the other' : 'no longer']],
      see: ['bd dep add', 'bd show'],
    })
    .action(async (a: string, b: string, _options: unknown, invocation: Invocation) => {
      const change = isNew ? 'add' : 'remove';
      const { id1, id2 } = await context.call(invocation, RelationChange.spec, { a, b, change });
      const mark = context.paint('green', '✓');
      context.print(invocation, { id1, id2, [isNew ? 'related' : 'unrelated']: true }, () =>
        isNew ? `${mark} Linked ${id1} ↔ ${id2}` : `${mark} Unlinked ${id1} ↔ ${id2}`,
      );
    });
}
