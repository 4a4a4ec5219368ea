import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { BeadCreateMany, type Bead, type BeadCreate } from '../../protocol/bead';
import type { Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { beadsOfMarkdown } from './markdownBeads';
import { readText } from './options';
import { beadsOfLines, beadsOfPlan } from './plannedBeads';

/** `bd create --file` and `bd create --graph`: create all beads or none. */

export interface PlanOptions {
  file?: string;
  graph?: string;
  rig?: string;
  validate?: boolean;
  dryRun?: boolean;
  silent?: boolean;
}

interface Plan {
  beads: (BeadCreate.Params & { key?: string })[];
  /** Also a sign that the beads are answered by their keys. */
  edges?: BeadCreateMany.Params['edges'];
}

/** @param title of the command line @param others names of its other options: they are for single beads */
export async function createMany(
  { file, graph, rig, validate, dryRun, silent }: PlanOptions,
  { title, others }: { title: string | undefined; others: readonly string[] },
  invocation: Invocation,
  context: BdContext,
): Promise<void> {
  const option = graph === undefined ? '--file' : '--graph';
  if (file !== undefined && graph !== undefined) throw new UserError('cannot specify both --file and --graph');
  if (title !== undefined) throw new UserError(`cannot specify both title and ${option} flag`);
  if (others.length > 0)
    throw new UserError(
      `${others.join(', ')} cannot be combined with ${option}`,
      'Write it into the file, for each bead.',
    );
  const name = graph ?? file ?? '';
  const plan = planOf(readText(name, context.process, 'reading file'), name, graph !== undefined);
  const owner = await context.owner();
  const created = await context.call(invocation, BeadCreateMany.spec, {
    beads: plan.beads.map((bead) => ({ ...bead, ...owner, ...(validate ? { validate } : {}) })),
    ...(rig === undefined ? {} : { ledger: rig }),
    ...(plan.edges === undefined ? {} : { edges: plan.edges }),
    ...(dryRun ? { dryRun } : {}),
  });
  if (silent && !dryRun) return context.terminal.write(created.map((bead) => `${bead.id}\n`).join(''));
  const keys = plan.beads.flatMap(({ key }, index) => (key === undefined ? [] : [[key, created[index]!.id] as const]));
  const value = plan.edges && !dryRun ? { ids: Object.fromEntries(keys) } : created;
  const count = plural(created.length, 'issue');
  context.print(invocation, value, () => [
    dryRun
      ? `${context.paint('yellow', '⚠')} [DRY RUN] Would create ${count} from ${name}:`
      : `${context.paint('green', '✓')} Created ${count} from ${name}:`,
    ...created.map((bead) => `  ${dryRun ? '' : `${bead.id}: `}${rowOf(bead)}`),
  ]);
}

function planOf(text: string, name: string, isGraph: boolean): Plan {
  if (isGraph) return beadsOfPlan(text, name);
  const isJson = /\.jsonl$/i.test(name) || text.trimStart().startsWith('{');
  return { beads: isJson ? beadsOfLines(text) : beadsOfMarkdown(text) };
}

function rowOf(bead: Bead): string {
  return `${oneLine(bead.title)} [P${bead.priority}, ${oneLine(bead.issue_type)}]`;
}
