import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { WorkHistory, type WorkHistoryResult } from '../../protocol/history';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine, type Paint } from '../shared/output';
import { usageText } from '../shared/usageText';
import { namedLedger, townOfLedger } from './openBackend';
import type { BdContext, GlobalOptions } from './context';
import { defined } from './options';
import { reviewsGiven, skillsOf, summaries, type Grouping, type WorkSummary } from './workHistory';

/** `bd skills`: languages and labels of the beads that agents and people have completed. */
export function addSkills(program: CliCommand, context: BdContext): void {
  program
    .command('skills')
    .description('show what agents have completed, by language and label')
    .argument('[agent]', 'an address, or a pattern such as toy/polecats/*')
    .withHelp({
      text: 'Derived from the beads that were completed: the languages of the files that were merged, and the labels.',
      examples: [
        ['bd skills toy/polecats/rust', 'of one agent'],
        ['bd skills --json', 'of everybody, for a program'],
      ],
      see: ['bd status', 'bd audit'],
    })
    .action(async (agent: string | undefined, _options: unknown, invocation: Invocation) => {
      const { work } = await workHistory(context, invocation, { actor: agent });
      const all = skillsOf(work);
      context.print(invocation, all, () =>
        all.length === 0
          ? `No completed beads${agent === undefined ? '' : ` of ${agent}`}`
          : all.flatMap(({ actor, completed, skills }) => [
              `${context.paint('bold', oneLine(actor))}: ${plural(completed, 'completed bead')}`,
              ...skills.map(({ skill, tasks }) => `  ${oneLine(skill)}: ${plural(tasks, 'task')}`),
            ]),
      );
    });
}

/**
 * The history of work, which only a town has. The actor of the query is independent of the caller.
 * @throws UserError outside a town
 */
export async function workHistory(
  context: BdContext,
  invocation: Invocation,
  { actor, tag }: { actor: string | undefined; tag?: string | undefined },
): Promise<WorkHistoryResult> {
  if (!hasTown(context, invocation))
    throw new UserError(
      'there is no town here, and only a town has a history of work',
      'Run it in the folder of a town; "gt install" creates one.',
      'unavailable',
    );
  const asked = { ...invocation, options: { ...invocation.options, actor: undefined } };
  return context.call(asked, WorkHistory.spec, defined({ actor, tag }));
}

/** Whether the ledger of a command belongs to a town. */
export function hasTown(context: BdContext, invocation: Invocation): boolean {
  const { cwd, env } = context.process;
  const { db } = invocation.options as GlobalOptions;
  return townOfLedger({ cwd, env }, namedLedger({ cwd, env, db })) !== undefined;
}

/** `bd stats` for the work of agents instead of the ledger. */
export async function printWorkStats(
  context: BdContext,
  invocation: Invocation,
  { actor, tag, by }: { actor: string | undefined; tag: string | undefined; by: Grouping | undefined },
): Promise<void> {
  const { work, reviews } = await workHistory(context, invocation, { actor, tag });
  const groups = summaries(work, by);
  const given = reviewsGiven(reviews);
  context.print(invocation, { groups, reviews_given: given }, () => [
    ...groups.flatMap((group) => summaryLines(group, context.paint)),
    ...(given.approved + given.rejected === 0
      ? []
      : ['', `Reviews given: ${given.approved} approved, ${given.rejected} sent back`]),
  ]);
}

function summaryLines(summary: WorkSummary, paint: Paint): string[] {
  const hours = (value: number | undefined): string => (value === undefined ? '-' : `${value} h`);
  const used = usageText(summary.usage, 'bead');
  return [
    paint('bold', oneLine(summary.group)),
    `  completed ${summary.completed} (${summary.first_try} at the first attempt), failed ${summary.failed}, active ${summary.active}`,
    `  merged ${summary.merged}, approved ${summary.approvals}, sent back ${summary.revisions}`,
    ...(Object.keys(summary.signals).length === 0
      ? []
      : [
          `  validated: ${Object.entries(summary.signals)
            .map(([name, count]) => `${oneLine(name)} ${count}`)
            .join(', ')}`,
        ]),
    ...(used === undefined ? [] : [`  ${used}`]),
    `  lead time ${hours(summary.average_lead_time_hours)}, work time ${hours(summary.average_work_time_hours)}`,
  ];
}
