import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { BeadDelete, BeadList, type BeadListItem } from '../../protocol/bead';
import { LedgerFlush } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { parseBound } from './options';

/** `bd prune`, `bd purge` and `bd gc`: delete old closed beads. */

/** Selects the beads to delete. */
export interface PruneOptions {
  olderThan?: string;
  pattern?: string;
  dryRun?: boolean;
  force?: boolean;
}

/** Maximum number of ids that are listed one by one. */
const SHOWN_IDS = 20;
/** Default age for `bd gc`. */
const GC_AGE = '90d';

export function addPrune(program: CliCommand, context: BdContext): void {
  withPruneOptions(program.command('prune').description('delete closed beads; without --force only show which'))
    .withHelp({
      text: 'Requires --older-than or --pattern. Pinned beads and closed children of open beads are kept. Each deleted bead leaves a tombstone, so that a merge with another clone does not restore it.',
      examples: [
        ['bd prune --older-than 90d', 'show what would be deleted'],
        ['bd prune --older-than 90d --force', 'delete it'],
        ['bd prune --pattern "app-mol-*" --force', 'all closed beads with such ids'],
      ],
      see: ['bd purge', 'bd delete', 'bd gc'],
    })
    .action((options: PruneOptions, invocation: Invocation) => {
      if (options.olderThan === undefined && options.pattern === undefined)
        throw new UserError('select beads: --older-than <age> or --pattern <ids>', 'bd prune --older-than 90d');
      return deleteClosed(invocation, context, options, { what: 'closed bead', isMeant: (bead) => !bead.ephemeral });
    });
}

export function addPurge(program: CliCommand, context: BdContext): void {
  withPruneOptions(program.command('purge').description('delete closed wisps; without --force only show which'))
    .withHelp({
      examples: [
        ['bd purge', 'show what would be deleted'],
        ['bd purge --older-than 1d --force', 'delete beads that were closed more than a day ago'],
      ],
      see: ['bd prune', 'bd mol wisp gc'],
    })
    .action((options: PruneOptions, invocation: Invocation) =>
      deleteClosed(invocation, context, options, {
        what: 'closed wisp',
        isMeant: (bead) => bead.ephemeral === true,
      }),
    );
}

export function addGc(program: CliCommand, context: BdContext): void {
  program
    .command('gc')
    .description('delete old closed beads and rewrite the ledger; without --force only show them')
    .option('--older-than <age>', `closed longer ago than this (default: ${GC_AGE})`)
    .option('--skip-decay', 'delete nothing, only write the ledger')
    .option('--dry-run', 'only show')
    .option('-f, --force', 'delete them')
    .option('--skip-dolt', 'accepted, has no effect')
    .withHelp({
      examples: [
        ['bd gc', 'show what would be deleted'],
        ['bd gc --older-than 180d --force', 'half a year is kept'],
      ],
      see: ['bd prune', 'bd purge'],
    })
    .action(async (given: PruneOptions & { skipDecay?: boolean }, invocation: Invocation) => {
      const options = { ...given, olderThan: given.olderThan ?? GC_AGE };
      const isReal = options.force === true && !options.dryRun;
      await context.withLedger(invocation, async (backend) => {
        const ids = options.skipDecay ? [] : await closedIds(backend, options, (bead) => !bead.ephemeral);
        if (isReal) await deleteAll(backend, ids);
        const written = isReal || (options.skipDecay === true && !options.dryRun);
        if (written) await backend.call(LedgerFlush.spec, {});
        const value = { dry_run: !isReal, deleted_count: isReal ? ids.length : 0, candidates: ids.length, written };
        context.print(invocation, value, () => [
          ...lines(ids, 'closed bead', isReal),
          ...(written ? ['The ledger has been written.'] : []),
        ]);
      });
    });
}

function withPruneOptions(command: CliCommand): CliCommand {
  return command
    .option('--older-than <age>', 'closed longer ago than this, such as 30d')
    .option('--pattern <ids>', 'ids that match, with * and ?')
    .option('--dry-run', 'only show')
    .option('-f, --force', 'delete them');
}

async function deleteClosed(
  invocation: Invocation,
  context: BdContext,
  options: PruneOptions,
  { what, isMeant }: { what: string; isMeant: (bead: BeadListItem) => boolean },
): Promise<void> {
  const isReal = options.force === true && !options.dryRun;
  const ids = await context.withLedger(invocation, async (backend) => {
    const found = await closedIds(backend, options, isMeant);
    if (isReal) await deleteAll(backend, found);
    return found;
  });
  const value = { ids, candidates: ids.length, deleted_count: isReal ? ids.length : 0, dry_run: !isReal };
  context.print(invocation, value, () => lines(ids, what, isReal));
}

export async function deleteAll(backend: Backend, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await backend.call(BeadDelete.spec, { ids: [...ids], reason: 'pruned' });
}

/** Ids of closed beads of this age and pattern, the oldest first; without pinned ones and descendants of open beads. */
export async function closedIds(
  backend: Backend,
  { olderThan, pattern }: PruneOptions,
  isMeant: (bead: BeadListItem) => boolean,
): Promise<string[]> {
  const before = olderThan === undefined ? Infinity : Date.parse(parseBound(olderThan, '--older-than'));
  const matches = pattern === undefined ? () => true : globMatcher(pattern);
  const beads = await backend.call(BeadList.spec, { all: true, limit: 0 });
  const open = new Set(beads.filter((bead) => bead.status !== 'closed').map((bead) => bead.id));
  return beads
    .filter((bead) => bead.status === 'closed' && isMeant(bead) && bead.pinned !== true && matches(bead.id))
    .filter((bead) => Date.parse(bead.closed_at ?? bead.updated_at) <= before)
    .filter((bead) => bead.parent === undefined || !open.has(bead.parent))
    .sort((a, b) => ((a.closed_at ?? '') < (b.closed_at ?? '') ? -1 : 1))
    .map((bead) => bead.id);
}

/** Matching takes time proportional to the lengths of both, whatever the pattern. */
function globMatcher(pattern: string): (id: string) => boolean {
  return (id) => {
    let reached = new Set([0]);
    for (const char of pattern) {
      const next = new Set<number>();
      for (const at of reached) {
        if (char === '*') for (let end = at; end <= id.length; end += 1) next.add(end);
        else if (at < id.length && (char === '?' || char === id[at])) next.add(at + 1);
      }
      reached = next;
    }
    return reached.has(id.length);
  };
}

function lines(ids: readonly string[], what: string, isReal: boolean): string[] {
  if (ids.length === 0) return [`No ${what}s to delete`];
  const more = ids.length > SHOWN_IDS ? [`  … and ${ids.length - SHOWN_IDS} more`] : [];
  const first = isReal
    ? `✓ Deleted ${plural(ids.length, what)}`
    : `Would delete ${plural(ids.length, what)} (use --force to delete)`;
  return [first, ...ids.slice(0, SHOWN_IDS).map((id) => `  ${oneLine(id)}`), ...more];
}
