import { BeadStats, type Stats } from '../../protocol/bead';
import { UserError } from '../../base/errors';
import type { CliCommand, Invocation } from '../shared/command';
import type { Paint } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';
import { recentActivity, type Activity } from './recentActivity';
import { defined } from './options';
import { hasTown, printWorkStats } from './skills';
import { groupings, type Grouping } from './workHistory';

const NAME_COLUMNS = 24;

interface StatsOptions {
  rig?: string;
  all?: boolean;
  assigned?: boolean;
  activity?: boolean;
  groupBy?: Grouping;
  tag?: string;
}

export function addStats(program: CliCommand, context: BdContext): void {
  program
    .command('status')
    .alias('stats')
    .description('show statistics of the ledger')
    .option('--rig <name>', 'the ledger of this rig')
    .option('--all', 'of everybody, as without it')
    .option('--assigned', 'only of the beads that are assigned to you')
    .option('--no-activity', 'without what happened in the last day')
    .addOption('--group-by <what>', 'statistics of the work of agents, by agent, model, rig or type', {
      choices: groupings,
    })
    .option('--tag <tag>', 'work of agents on beads with this label, or with files of this language')
    .withHelp({
      text: 'With --actor (an address, or a pattern such as toy/polecats/*), --group-by or --tag: how the work of agents went.',
      examples: [
        ['bd stats', 'number of beads in each state'],
        ["bd stats --actor 'toy/polecats/*' --group-by model", 'what each model has completed, and how'],
        ['bd stats --rig toy --json', 'of one rig, for a program'],
      ],
      see: ['bd list', 'bd count', 'bd skills'],
    })
    .action(async (options: StatsOptions, invocation: Invocation) => {
      if (options.all && options.assigned)
        throw new UserError('--all and --assigned cannot be combined', 'give one of them');
      const { groupBy: by, tag } = options;
      const actor = options.assigned ? undefined : (invocation.options as GlobalOptions).actor;
      if (by !== undefined || tag !== undefined || (actor !== undefined && hasTown(context, invocation)))
        return printWorkStats(context, invocation, { actor, tag, by });
      const params = defined({ ledger: options.rig });
      // Without a town the actor is the assignee of the beads.
      const assigned = options.assigned || actor !== undefined;
      const stats = await context.call(invocation, BeadStats.spec, { ...params, ...(assigned ? { assigned } : {}) });
      const activity = options.activity === false ? undefined : await recentActivity(invocation, context, params);
      context.print(invocation, { ...stats, ...(activity ? { recent_activity: activity } : {}) }, () =>
        statsLines(stats, activity, context.paint),
      );
    });
}

function statsLines({ summary }: Stats, activity: Activity | undefined, paint: Paint): string[] {
  const row = (name: string, value: number | string): string =>
    `  ${`${name}:`.padEnd(NAME_COLUMNS)}${paint('bold', String(value))}`;
  const extended = [
    ...(summary.deferred_issues > 0 ? [row('Deferred', summary.deferred_issues)] : []),
    ...(summary.tombstone_issues > 0 ? [row('Deleted', `${summary.tombstone_issues} (tombstones)`)] : []),
    ...(summary.pinned_issues > 0 ? [row('Pinned', summary.pinned_issues)] : []),
    ...(summary.epics_eligible_for_closure > 0
      ? [row('Epics Ready to Close', summary.epics_eligible_for_closure)]
      : []),
    ...(summary.closed_issues > 0 ? [row('Avg Lead Time', `${summary.average_lead_time_hours.toFixed(1)} hours`)] : []),
  ];
  return [
    '',
    '📊 Issue Database Status',
    '',
    'Summary:',
    row('Total Issues', summary.total_issues),
    row('Open', summary.open_issues),
    row('In Progress', summary.in_progress_issues),
    row('Blocked', summary.blocked_issues),
    row('Closed', summary.closed_issues),
    row('Ready to Work', summary.ready_issues),
    ...(extended.length > 0 ? ['', 'Extended:', ...extended] : []),
    ...(activity ? ['', ...activityLines(activity, row)] : []),
    '',
    "For more details, use 'bd list' to see individual issues.",
    '',
  ];
}

function activityLines(activity: Activity, row: (name: string, value: number) => string): string[] {
  return [
    `Recent Activity (last ${activity.hours_tracked} hours):`,
    row('Issues Created', activity.issues_created),
    row('Issues Closed', activity.issues_closed),
    row('Issues Reopened', activity.issues_reopened),
    row('Issues Updated', activity.issues_updated),
  ];
}
