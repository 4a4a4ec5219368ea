import { BeadDelete, BeadList, type Bead, type BeadListItem } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { parseDuration } from './options';

/** `bd mol wisp list` and `bd mol wisp gc`. */

const OLD_MS = 86_400_000;

export function addWispList(wisp: CliCommand, context: BdContext): void {
  wisp
    .command('list')
    .description('list the wisps that are not closed')
    .option('--all', 'closed ones too')
    .withHelp({ examples: [['bd mol wisp list', 'all of them']], see: ['bd mol burn'] })
    .action(async (options: { all?: boolean }, invocation: Invocation) => {
      const found = (await context.call(invocation, BeadList.spec, { all: true, limit: 0 })).filter(
        (bead) => bead.ephemeral && (options.all || bead.status !== 'closed'),
      );
      found.sort((a, b) => (a.updated_at > b.updated_at ? -1 : a.updated_at < b.updated_at ? 1 : 0));
      const wisps = found.map((bead) => ({
        id: bead.id,
        title: bead.title,
        status: bead.status,
        priority: bead.priority,
        type: bead.issue_type,
        created_at: bead.created_at,
        updated_at: bead.updated_at,
        ...(Date.now() - Date.parse(bead.updated_at) > OLD_MS ? { old: true } : {}),
      }));
      const old = wisps.filter((each) => each.old).length;
      context.print(invocation, { wisps, count: wisps.length, ...(old > 0 ? { old_count: old } : {}) }, () =>
        wisps.length === 0
          ? 'No wisps found'
          : [
              `Wisps (${wisps.length}):`,
              '',
              row('ID', 'STATUS', 'PRI', 'TITLE', 'UPDATED'),
              '-'.repeat(RULE_COLUMNS),
              ...wisps.map((each) =>
                row(
                  each.id,
                  oneLine(each.status),
                  `P${each.priority}`,
                  cut(oneLine(each.title)),
                  `${ago(each.updated_at)}${each.old ? ' ⚠' : ''}`,
                ),
              ),
              ...(old === 0
                ? []
                : [
                    '',
                    `⚠ ${old} old wisp(s) (not updated in 24+ hours)`,
                    "  Hint: Use 'bd mol wisp gc' to clean up old wisps",
                  ]),
            ],
      );
    });
}

const TITLE_COLUMNS = 46;
const MAX_TITLE = 44;
const RULE_COLUMNS = 90;

function cut(title: string): string {
  return title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 3)}...` : title;
}

/** Columns as wide as those of the Go `bd`, so that scripts can cut them. */
function row(id: string, status: string, priority: string, title: string, updated: string): string {
  return `${id.padEnd(12)} ${status.padEnd(10)} ${priority.padEnd(4)} ${title.padEnd(TITLE_COLUMNS)} ${updated}`;
}

/** Age of a time: `just now`, `5 mins ago`, `1 hour ago`, `2 days ago`; the date after a week. */
function ago(time: string): string {
  const minutes = Math.floor((Date.now() - Date.parse(time)) / 60_000);
  const said = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  if (minutes < 1) return 'just now';
  if (minutes < 60) return said(minutes, 'min');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return said(hours, 'hour');
  return hours < 7 * 24 ? said(Math.floor(hours / 24), 'day') : time.slice(0, 10);
}

const NANOSECONDS_PER_MS = 1e6;
const AN_HOUR = 3_600_000 * NANOSECONDS_PER_MS;
const IN_WORK = new Set(['in_progress', 'hooked', 'in_review']);

interface GcOptions {
  age: number;
  all?: boolean;
  closed?: boolean;
  force?: boolean;
  dryRun?: boolean;
}

export function addWispGc(wisp: CliCommand, context: BdContext): void {
  wisp
    .command('gc')
    .description('delete wisps that have not changed for a while')
    .option('--age <duration>', 'how long, such as 30m or 24h', parseDuration, AN_HOUR)
    .option('--all', 'closed ones too')
    .option('--closed', 'closed ones only, however old')
    .option('--force', 'with --closed: delete them; without it they are only shown')
    .option('--dry-run', 'only show')
    .withHelp({
      text: 'A molecule with a step in progress is kept, with all its steps.',
      examples: [
        ['bd mol wisp gc --dry-run', 'what would be deleted'],
        ['bd mol wisp gc --age 24h --all', 'everything older than a day'],
      ],
      see: ['bd mol wisp list', 'bd mol burn'],
    })
    .action(async (given: GcOptions, invocation: Invocation) => {
      const options = { ...given, dryRun: given.dryRun === true || (given.closed === true && !given.force) };
      const kind = options.closed ? 'closed' : 'abandoned';
      const found = await context.withLedger(invocation, async (backend) => {
        const beads = await backend.call(BeadList.spec, { all: true, limit: 0 });
        const before = options.closed ? Date.now() + 1 : Date.now() - options.age / NANOSECONDS_PER_MS;
        const isMeant = ({ status }: Bead): boolean =>
          options.closed ? status === 'closed' : options.all === true || status !== 'closed';
        // Children first, so that the remaining trees are always complete.
        const list = abandoned(beads, before).filter(isMeant).reverse();
        if (!options.dryRun && list.length > 0)
          await backend.call(BeadDelete.spec, {
            ids: list.map((bead) => bead.id),
            reason: 'wisp not changed for a while',
          });
        return list;
      });
      const ids = found.map((bead) => bead.id);
      const value = options.dryRun
        ? { cleaned_ids: ids, cleaned_count: 0, candidates: ids.length, dry_run: true }
        : { cleaned_ids: ids, cleaned_count: ids.length };
      context.print(invocation, value, () =>
        ids.length === 0
          ? `No ${kind} wisps found`
          : options.dryRun
            ? [
                `Dry run: would clean ${ids.length} ${kind} wisp(s):`,
                '',
                ...found.map((bead) => `  ${bead.id}: ${oneLine(bead.title)} (last updated: ${ago(bead.updated_at)})`),
                '',
                options.closed ? 'Add --force to delete these wisps.' : 'Run without --dry-run to delete these wisps.',
              ]
            : [`✓ Cleaned ${ids.length} ${kind} wisp(s)`, ...ids.map((id) => `  - ${id}`)],
      );
    });
}

/** Wisps that have not changed since then, without those of a tree in progress. */
function abandoned(beads: readonly BeadListItem[], before: number): BeadListItem[] {
  const byId = new Map(beads.map((bead) => [bead.id, bead]));
  const rootOf = (bead: BeadListItem): string => {
    const seen = new Set<string>();
    let top = bead;
    while (top.parent !== undefined && !seen.has(top.id)) {
      seen.add(top.id);
      const parent = byId.get(top.parent);
      if (!parent) break;
      top = parent;
    }
    return top.id;
  };
  const wisps = beads.filter((bead) => bead.ephemeral);
  const busy = new Set(wisps.filter((bead) => IN_WORK.has(bead.status)).map(rootOf));
  return wisps.filter((bead) => Date.parse(bead.updated_at) < before && !busy.has(rootOf(bead)));
}
