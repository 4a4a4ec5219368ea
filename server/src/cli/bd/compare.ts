import { UserError } from '../../base/errors';
import { BeadList } from '../../protocol/bead';
import type { WorkRecord } from '../../protocol/history';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { defined } from './options';
import { workHistory } from './skills';
import { hoursOf } from './workHistory';

/** Prefix of the label of beads with the same work for several agents; followed by the id of the first one. */
const LABEL = 'ab:';

/** `bd compare`: compares the same work by several agents or models. */
export function addCompare(program: CliCommand, context: BdContext): void {
  program
    .command('compare <ids...>')
    .description('compare the work on several beads, side by side')
    .withHelp({
      text: 'For one task for two models: create a second bead for it with the label ab:<id of the first>, sling each with its runtime (gt sling --agent), and compare. With one id, the beads with that label are compared with it. Reject the unwanted change in its review: it is kept as a snapshot (gt polecat snapshots), and does not land.',
      examples: [
        ['bd create "Same task" --labels ab:toy-a1b2c', 'a second try at toy-a1b2c'],
        ['bd compare toy-a1b2c', 'both, side by side'],
        ['bd compare toy-a1b2c toy-d3e4f --json', 'any beads, for a program'],
      ],
      see: ['bd status', 'bd skills'],
    })
    .action(async (given: string[], _options: unknown, invocation: Invocation) => {
      const { work } = await workHistory(context, invocation, { actor: undefined });
      const ids = await comparedIds(context, invocation, given, work);
      const records = ids.map((id) => comparedOf(id, work));
      if (records.every(({ actor }) => actor === undefined))
        throw new UserError(
          `${ids.join(', ')}: no work has been done yet`,
          'Sling them first: gt sling <bead> <rig> --agent <runtime>',
          'not-found',
        );
      const differs = rows
        .map(([name]) => name)
        .filter((name) => new Set(records.map((each) => text(each[name]))).size > 1);
      context.print(invocation, { beads: records, differs }, () => tableOf(records));
    });
}

/** Whole ids; for a single bead also those of the other attempts at the same work. */
async function comparedIds(
  context: BdContext,
  invocation: Invocation,
  given: readonly string[],
  work: readonly WorkRecord[],
): Promise<string[]> {
  const named = await context.call(invocation, BeadList.spec, { ids: [...given], all: true, limit: 0 });
  const found = given.map((id) => {
    const bead = named.find((each) => each.id === id);
    if (!bead) throw new UserError(`no issue found matching ${JSON.stringify(id)}`, 'Give whole ids.', 'not-found');
    return bead.id;
  });
  if (found.length > 1) return [...new Set(found)];
  const rig = work.find(({ bead }) => bead === found[0])?.rig;
  const label = `${LABEL}${found[0]}`;
  const others = await context.call(invocation, BeadList.spec, {
    labels: [label],
    all: true,
    limit: 0,
    ...defined({ ledger: rig }),
  });
  if (others.length === 0)
    throw new UserError(
      `there is nothing to compare ${found[0]} with`,
      `Name another bead, or label one ${LABEL}${found[0]}.`,
      'not-found',
    );
  return [...found, ...others.map((bead) => bead.id).filter((id) => id !== found[0])];
}

interface Compared {
  bead: string;
  title?: string;
  actor?: string;
  runtime?: string;
  model?: string;
  outcome?: string;
  attempts?: number;
  approvals?: number;
  rejections?: number;
  lead_time_hours?: number;
  work_time_hours?: number;
  merged?: string;
  languages?: string;
  signals?: string;
}

function comparedOf(id: string, work: readonly WorkRecord[]): Compared {
  const record = work.find(({ bead }) => bead === id);
  if (!record) return { bead: id };
  const { title, actor, runtime, model, outcome, attempts, approvals, rejections, merged, languages, validation } =
    record;
  const [lead, hours] = [record.createdAt, record.startedAt].map((from) => hoursOf(from, record.closedAt));
  const signals = Object.entries(validation?.quality_signals ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${value}`],
  );
  return {
    bead: id,
    title,
    actor,
    outcome,
    attempts,
    approvals,
    rejections,
    ...(runtime === undefined ? {} : { runtime }),
    ...(model === undefined ? {} : { model }),
    ...(lead === undefined ? {} : { lead_time_hours: lead }),
    ...(hours === undefined ? {} : { work_time_hours: hours }),
    ...(merged === undefined ? {} : { merged: merged.slice(0, 10) }),
    ...(languages.length > 0 ? { languages: languages.join(' ') } : {}),
    ...(signals.length > 0 ? { signals: signals.join(' ') } : {}),
  };
}

const rows: readonly [keyof Compared, string][] = [
  ['runtime', 'runtime'],
  ['model', 'model'],
  ['actor', 'agent'],
  ['outcome', 'outcome'],
  ['attempts', 'attempts'],
  ['approvals', 'approved'],
  ['rejections', 'sent back'],
  ['lead_time_hours', 'lead time (h)'],
  ['work_time_hours', 'work time (h)'],
  ['merged', 'merged'],
  ['signals', 'signals'],
  ['languages', 'languages'],
];

function tableOf(records: readonly Compared[]): string[] {
  const lines = [
    ['', ...records.map(({ bead }) => bead)],
    ...rows.map(([key, name]) => [name, ...records.map((each) => text(each[key]))]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

function text(value: string | number | undefined): string {
  return value === undefined ? '-' : oneLine(String(value));
}
