import { UserError } from '../../base/errors';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { addReplaced } from './guides';
import { closedIds, deleteAll } from './prune';

/** `bd admin`, for scripts written for the Go `bd`. */

interface CleanupOptions {
  olderThan?: string;
  ephemeral?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

export function addAdmin(program: CliCommand, context: BdContext): void {
  const admin = program.command('admin').description('maintenance of the ledger, as in other versions of bd');
  addCleanupTo(admin, context);
  for (const name of ['compact', 'reset'] as const) addReplaced(admin, name);
}

/** The name of `bd admin cleanup` in older versions. */
export function addCleanup(program: CliCommand, context: BdContext): void {
  addCleanupTo(program, context);
}

function addCleanupTo(parent: CliCommand, context: BdContext): void {
  parent
    .command('cleanup', { hidden: parent.name === 'bd' })
    .description('delete closed beads; without --force it only counts them')
    .option('--older-than <days>', 'closed more than this many days ago (or an age such as 12h)')
    .option('--ephemeral', 'closed wisps only')
    .option('--dry-run', 'only show')
    .option('-f, --force', 'delete them')
    .option('--cascade', 'accepted, has no effect: closed beads are chosen one by one')
    .option('--hard', 'accepted, has no effect: a deleted bead always leaves a tombstone')
    .withHelp({
      text: 'Pinned beads stay, and so do closed children of open beads. Each deleted bead leaves a tombstone, so that a merge with another clone does not bring it back.',
      examples: [
        ['bd admin cleanup --dry-run', 'show what would be deleted'],
        ['bd admin cleanup --older-than 30 --force', 'delete beads that were closed more than 30 days ago'],
      ],
      see: ['bd prune', 'bd purge', 'bd gc'],
    })
    .action((options: CleanupOptions, invocation: Invocation) => cleanUp(options, invocation, context));
}

async function cleanUp(options: CleanupOptions, invocation: Invocation, context: BdContext): Promise<void> {
  const what = options.ephemeral ? 'closed ephemeral' : 'closed';
  const age = options.olderThan === undefined ? '' : ` older than ${ageText(options.olderThan)}`;
  const isReal = options.force === true && !options.dryRun;
  const ids = await context.withLedger(invocation, async (backend) => {
    const found = await closedIds(
      backend,
      options.olderThan === undefined ? {} : { olderThan: ageOf(options.olderThan) },
      (bead) => !options.ephemeral || bead.ephemeral === true,
    );
    if (found.length > 0 && !isReal && !options.dryRun)
      throw new UserError(
        `Would delete ${found.length} ${what} issue(s)${age}. Use --force to confirm or --dry-run to preview.`,
        undefined,
        'refused',
      );
    if (isReal) await deleteAll(backend, found);
    return found;
  });
  const none = `No ${what} issues${age} to delete`;
  const value = {
    deleted: ids,
    deleted_count: isReal ? ids.length : 0,
    ...(ids.length === 0 ? { message: none } : {}),
    ...(isReal ? {} : { dry_run: true, candidates: ids.length }),
  };
  context.print(invocation, value, () => {
    if (ids.length === 0) return none;
    const outcome = isReal
      ? `${context.paint('green', '✓')} Deleted ${ids.length} issue(s)`
      : 'DRY RUN - no changes made';
    return [`Found ${ids.length} ${what} issue(s)${age}`, ...ids.map((id) => `  ${oneLine(id)}`), '', outcome];
  });
}

/** Parses an age; a plain number means days. */
function ageOf(text: string): string {
  return /^\d+$/.test(text) ? `${text}d` : text;
}

function ageText(text: string): string {
  return /^\d+$/.test(text) ? `${text} days` : oneLine(text);
}
