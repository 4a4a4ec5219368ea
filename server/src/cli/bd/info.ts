import type { Command } from 'commander';
import { BeadEvents, BeadStats, type AuditEvent, type Stats } from '../../protocol/bead';
import { oneLine, type Paint } from '../shared/output';
import type { BdContext } from './context';
import { defined, parseLimit } from './options';

export function addInfo(program: Command, context: BdContext): void {
  const stats = program
    .command('stats')
    .alias('status')
    .description('figures about the ledger')
    .option('--rig <name>', 'the ledger of this rig')
    .action(async (options: { rig?: string }) =>
      context.run(stats, async (backend) => {
        const result = await backend.call(BeadStats.spec, defined({ ledger: options.rig }));
        context.print(stats, result, () => statsLines(result, context.paint()));
      }),
    );
  const events = program
    .command('events')
    .alias('activity')
    .description('who did what, the newest last')
    .argument('[id]', 'only about this bead')
    .option('-n, --limit <count>', 'at most so many; 0 for all', parseLimit)
    .option('--rig <name>', 'in the ledger of this rig')
    .action(async (id: string | undefined, options: { limit?: number; rig?: string }) =>
      context.run(events, async (backend) => {
        const list = await backend.call(BeadEvents.spec, defined({ id, limit: options.limit, ledger: options.rig }));
        context.print(events, list, () =>
          list.length === 0 ? ['No events.'] : list.map((event) => eventLine(event, context.paint())),
        );
      }),
    );
}

function statsLines({ summary }: Stats, paint: Paint): string[] {
  const rows: [string, number][] = [
    ['Total', summary.total_issues],
    ['Open', summary.open_issues],
    ['In progress', summary.in_progress_issues],
    ['Ready', summary.ready_issues],
    ['Blocked', summary.blocked_issues],
    ['Deferred', summary.deferred_issues],
    ['Closed', summary.closed_issues],
    ['Pinned', summary.pinned_issues],
    ['Epics to close', summary.epics_eligible_for_closure],
  ];
  return [
    ...rows.map(([name, count]) => `${name.padEnd(15)}${paint('bold', String(count).padStart(6))}`),
    `${'Lead time'.padEnd(15)}${paint('bold', summary.average_lead_time_hours.toFixed(1).padStart(6))} h`,
  ];
}

function eventLine(event: AuditEvent, paint: Paint): string {
  const change =
    event.old !== undefined || event.new !== undefined
      ? `${oneLine(event.old ?? '')} → ${oneLine(event.new ?? '')}`
      : '';
  const parts = [
    paint('dim', event.ts),
    paint('cyan', oneLine(event.actor)),
    oneLine(event.type),
    event.bead ?? '',
    change,
    oneLine(event.message ?? ''),
  ];
  return parts.filter((part) => part !== '').join(' ');
}
