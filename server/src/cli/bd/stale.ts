import { UserError } from '../../base/errors';
import { formatTime } from '../../beads/model/time';
import { BeadList, type Bead } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { parseLimit } from './options';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const DEFAULT_LIMIT = 50;
const statuses = ['open', 'in_progress', 'blocked', 'deferred'];

interface StaleOptions {
  days: number;
  limit: number;
  status?: string;
}

export function addStale(program: CliCommand, context: BdContext): void {
  program
    .command('stale')
    .description('list beads that have not changed for a long time')
    .option('-d, --days <days>', 'number of days without a change', parseDays, DEFAULT_DAYS)
    .option('-n, --limit <count>', 'maximum number of results; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('-s, --status <status>', statuses.join(', '))
    .withHelp({
      text: 'Closed beads are left out.',
      examples: [['bd stale --days 7 --status in_progress', 'begun and left lying for a week']],
      see: ['bd list', 'bd doctor'],
    })
    .action(async ({ days, limit, status }: StaleOptions, invocation: Invocation) => {
      if (status !== undefined && !statuses.includes(status))
        throw new UserError(`invalid status '${status}'. Valid values: ${statuses.join(', ')}`);
      const updatedBefore = formatTime(new Date(Math.max(0, Date.now() - days * DAY_MS)));
      const beads = await context.call(invocation, BeadList.spec, {
        updatedBefore,
        status: status === undefined ? statuses : [status],
        sort: 'updated',
        reverse: true,
        limit,
      });
      context.print(invocation, beads, () =>
        beads.length === 0
          ? ['', '✨ No stale issues found (all active)', '']
          : [
              '',
              `⏰ Stale issues (${beads.length} not updated in ${days}+ days):`,
              '',
              ...beads.flatMap((bead, index) => rowOf(bead, index)),
            ],
      );
    });
}

function rowOf(bead: Bead, index: number): string[] {
  const days = Math.floor((Date.now() - Date.parse(bead.updated_at)) / DAY_MS);
  return [
    `${index + 1}. [● P${bead.priority}] ${bead.id}: ${oneLine(bead.title)}`,
    `   Status: ${oneLine(bead.status)}, Last updated: ${days} days ago`,
    ...(bead.assignee ? [`   Assignee: ${oneLine(bead.assignee)}`] : []),
    '',
  ];
}

function parseDays(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new UserError(`days must be a number of 1 or more (got ${text})`);
  return Number(text);
}
