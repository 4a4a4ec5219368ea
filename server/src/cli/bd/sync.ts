import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent, writeNamed } from '../../base/safeFiles';
import { BeadList, type Bead } from '../../protocol/bead';
import { LedgerFlush, LedgerInfoGet, LedgerSync } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { syncOwnBranch } from './syncBranch';
import { syncFull } from './syncFull';

/** `bd sync`: brings the file of beads and the ledger to the same state. */

interface SyncOptions {
  status?: boolean;
  check?: boolean;
  flushOnly?: boolean;
  export?: boolean;
  output?: string;
  import?: boolean;
  importOnly?: boolean;
  dryRun?: boolean;
  resolve?: boolean;
  full?: boolean;
  message?: string;
  pull?: boolean;
  push?: boolean;
}

export function addSync(program: CliCommand, context: BdContext): void {
  const sync = program
    .command('sync')
    .description('bring issues.jsonl and the ledger to the same state')
    .option('--status', 'show whether anything is left to write')
    .option('--check', 'check for problems that would break a merge')
    .option('--flush-only', 'only write the file, without output')
    .option('--export', 'only write the file')
    .option('-o, --output <file>', 'also write a copy of the file here')
    .option('--import', 'only read outside changes of the file')
    .option('--import-only', 'same as --import')
    .option('--dry-run', 'only show')
    .option('--full', 'also commit the file, pull, and push')
    .option('-m, --message <text>', 'message of the commit')
    .option('--no-pull', 'without pulling')
    .option('--no-push', 'without pushing')
    .option('--squash', 'accepted, has no effect')
    .option('--merge', 'accepted, has no effect: it is merged by every sync')
    .option('--from-main', 'accepted, has no effect: it is merged by every sync')
    .option('--accept-rebase', 'accepted, has no effect')
    .option('--set-mode <mode>', 'git-portable, the only one', checkMode)
    .option('--resolve', 'resolve conflicts: the merge driver does, so there are none')
    .option('--ours', 'accepted with --resolve')
    .option('--theirs', 'accepted with --resolve')
    .option('--manual', 'accepted with --resolve')
    .option('--force', 'accepted, has no effect')
    .option('--rename-on-import', 'accepted, has no effect')
    .option('--no-git-history', 'accepted, has no effect')
    .withHelp({
      text: "Changes are written to the file automatically, moments after a command, and outside changes of it are read; bd sync waits until the file contains all changes. Git transports the file. If the ledger has its own branch (bd config set sync-branch beads-sync) bd sync also commits to it, merges the remote's version of it, and pushes, without touching checked-out files or the index; the remote is origin, or bd config set sync-remote <name or address>. In a town the server does that for each rig, and pushes if the rig has a sync_remote.",
      examples: [
        ['bd sync', 'before a commit, to be sure'],
        ['bd sync --no-push', 'with a sync-branch: commit and merge only'],
        ['bd sync --full -m "Beads"', 'without one: commit the file alone, pull and push'],
        ['bd sync --import-only', 'after a pull'],
      ],
      see: ['bd export', 'bd import', 'bd merge'],
    })
    .action((options: SyncOptions, invocation: Invocation) => runSync(invocation, context, options));
  addMode(sync, context);
}

async function runSync(invocation: Invocation, context: BdContext, options: SyncOptions): Promise<void> {
  if (options.output !== undefined && !options.flushOnly && !options.export)
    throw new UserError('--output goes with --export or --flush-only', 'bd sync --export --output beads.jsonl');
  if (options.status) return printStatus(invocation, context);
  if (options.check) return printCheck(invocation, context);
  if (options.resolve) return context.print(invocation, { conflicts: [] }, () => 'No conflicts to resolve');
  if (options.dryRun)
    return context.print(invocation, { dry_run: true }, () => '→ [DRY RUN] Would export database to JSONL');
  const importOnly = options.import || options.importOnly;
  const isWhole = !importOnly && !options.flushOnly && !options.export;
  const info = isWhole ? await context.call(invocation, LedgerInfoGet.spec, {}) : undefined;
  if (info && info.ledger !== 'local') return syncInTown(invocation, context);
  if (info?.settings['sync-branch']) return syncOwnBranch(invocation, context, info, options);
  if (options.full) return syncFull(invocation, context, options);
  const { file, issues } = await context.call(invocation, LedgerFlush.spec, importOnly ? { importOnly } : {});
  if (options.output !== undefined)
    writeNamed(path.resolve(context.process.cwd, options.output), readTextIfPresent(file) ?? '');
  if (options.flushOnly) return;
  if (importOnly) context.note(`Import complete: ${issues} issues in ${path.basename(file)}`);
  context.print(invocation, { file, issues, imported: importOnly === true }, () =>
    importOnly
      ? ['→ Importing from JSONL...', '✓ Import complete']
      : ['Exporting beads to JSONL...', `✓ Exported ${issues} issues`, `✓ ${file} updated`],
  );
}

/** The town's server commits the ledger to the rig's own branch, and synchronises it with the rig's remote. */
async function syncInTown(invocation: Invocation, context: BdContext): Promise<void> {
  const result = await context.call(invocation, LedgerSync.spec, {});
  context.print(invocation, result, () => [
    'Exporting beads to JSONL...',
    `✓ Exported ${result.issues} issues`,
    ...(result.imported > 0 ? [`→ Took in ${result.imported} changed issues of the project's own .beads`] : []),
    ...(result.committed ? [`→ Committed to ${result.branch}`] : []),
    ...(result.merged ? [`→ Merged changes of ${oneLine(result.remote ?? '')}`] : []),
    ...(result.pushed ? [`→ Pushed to ${oneLine(result.remote ?? '')}`] : []),
    `✓ ${result.file} updated`,
  ]);
}

async function printStatus(invocation: Invocation, context: BdContext): Promise<void> {
  const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
  const branch = settings['sync-branch'];
  const value = { mode: 'git-portable', pending_changes: 0, conflicts: [], ...(branch ? { sync_branch: branch } : {}) };
  context.print(invocation, value, () => [
    'Sync mode: git-portable (JSONL exported on push, imported on pull)',
    '  Export on: push, Import on: pull',
    'Conflict strategy: field by field (bd merge)',
    'Pending changes: none',
    ...(branch ? [`Sync branch: ${oneLine(branch)}`] : []),
    'Import branch: none',
    'Conflicts: none',
  ]);
}

async function printCheck(invocation: Invocation, context: BdContext): Promise<void> {
  const { info, beads } = await context.withLedger(invocation, async (backend) => ({
    info: await backend.call(LedgerInfoGet.spec, {}),
    beads: await backend.call(BeadList.spec, { all: true, limit: 0 }),
  }));
  const foreign = beads.filter((bead) => !bead.id.startsWith(`${info.prefix}-`)).map((bead) => bead.id);
  const orphans = orphanedChildren(beads);
  const value = {
    forced_push: { detected: false, message: 'Nothing is pushed by bd sync' },
    prefix_mismatch: { configured_prefix: info.prefix, mismatched_ids: foreign },
    orphaned_children: { ids: orphans },
  };
  if (foreign.length + orphans.length > 0) context.exitCode = 1;
  const verdict = (ids: readonly string[], fine: string): string =>
    ids.length === 0 ? `   [OK] ${fine}` : `   [PROBLEM] ${ids.join(', ')}`;
  context.print(invocation, value, () => [
    'Sync Integrity Check',
    '====================',
    '1. Force Push Detection',
    '   [OK] No sync branch configured or no remote',
    '',
    '2. Prefix Mismatch Check',
    `   Configured prefix: ${info.prefix}`,
    verdict(foreign, 'All issues have correct prefix'),
    '',
    '3. Orphaned Children Check',
    verdict(orphans, 'No orphaned children found'),
    '',
    '',
    'Summary',
    '-------',
    foreign.length + orphans.length === 0 ? 'No problems detected. Safe to sync.' : 'Problems detected.',
  ]);
}

/** Ids such as `app-1.2` whose parent `app-1` does not exist. */
function orphanedChildren(beads: readonly Bead[]): string[] {
  const known = new Set(beads.map((bead) => bead.id));
  return beads.map((bead) => bead.id).filter((id) => /\.\d+$/.test(id) && !known.has(id.replace(/\.\d+$/, '')));
}

const modes: Readonly<Record<string, string>> = {
  'git-portable': 'JSONL exported on push, imported on pull',
};

function checkMode(name: string): string {
  if (!Object.hasOwn(modes, name))
    throw new UserError(`invalid sync mode: ${name}`, `Valid modes: ${Object.keys(modes).join(', ')}`);
  return name;
}

/** Adds `bd sync mode`. There is only one mode: the file in git is the source of truth. */
function addMode(sync: CliCommand, context: BdContext): void {
  const mode = sync
    .command('mode')
    .description('how beads get to other clones: through their file in git')
    .withHelp({ examples: [['bd sync mode current', 'the only one']], see: ['bd sync'] });
  mode
    .command('list')
    .description('list the modes')
    .withHelp({ examples: [['bd sync mode list', 'there is one']], see: ['bd sync'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print(invocation, Object.keys(modes), () => [
        'Available sync modes:',
        ...Object.entries(modes).map(([name, text]) => `  ${name.padEnd(22)} ${text} (default)`),
      ]),
    );
  mode
    .command('current')
    .description('show the mode')
    .withHelp({ examples: [['bd sync mode current', 'git-portable']], see: ['bd sync'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print(invocation, { mode: 'git-portable' }, () => [
        'Current sync mode: git-portable',
        `  ${modes['git-portable']} (default)`,
      ]),
    );
  mode
    .command('set <mode>')
    .description('choose the mode')
    .withHelp({ examples: [['bd sync mode set git-portable', 'the only one']], see: ['bd sync'] })
    .action((name: string, _options: unknown, invocation: Invocation) => {
      checkMode(name);
      context.print(invocation, { mode: name }, () => [`Sync mode set to: ${name}`, `  ${modes[name]}`]);
    });
}
