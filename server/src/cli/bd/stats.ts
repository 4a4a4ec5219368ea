import { BeadStats, type Stats } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { Paint } from '../shared/output';
import type { BdContext } from './context';
import { defined } from './options';

const NAME_COLUMNS = 15;
const COUNT_COLUMNS = 6;

export function addStats(program: CliCommand, context: BdContext): void {
  program
    .command('stats')
    .alias('status')
    .description('show statistics of the ledger')
    .option('--rig <name>', 'the ledger of this rig')
    .withHelp({
      examples: [
        ['bd stats', 'number of beads in each state'],
        ['bd stats --rig toy --json', 'of one rig, for a program'],
      ],
      see: ['bd list'],
    })
    .action(async (options: { rig?: string }, invocation: Invocation) => {
      const stats = await context.call(invocation, BeadStats.spec, defined({ ledger: options.rig }));
      context.print(invocation, stats, () => statsLines(stats, context.paint));
    });
}

function statsLines({ summary }: Stats, paint: Paint): string[] {
  const row = (name: string, value: string): string =>
    `${name.padEnd(NAME_COLUMNS)}${paint('bold', value.padStart(COUNT_COLUMNS))}`;
  return [
    row('Total', String(summary.total_issues)),
    row('Open', String(summary.open_issues)),
    row('In progress', String(summary.in_progress_issues)),
    row('Ready', String(summary.ready_issues)),
    row('Blocked', String(summary.blocked_issues)),
    row('Deferred', String(summary.deferred_issues)),
    row('Closed', String(summary.closed_issues)),
    row('Pinned', String(summary.pinned_issues)),
    row('Epics to close', String(summary.epics_eligible_for_closure)),
    `${row('Lead time', summary.average_lead_time_hours.toFixed(1))} h`,
  ];
}
