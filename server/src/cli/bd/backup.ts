import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { canonicalPath, statOf } from '../../base/safePaths';
import { asPlainObject } from '../../base/objects';
import { plural } from '../../base/text';
import { BeadList } from '../../protocol/bead';
import { LedgerExport, LedgerImport, LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import type { Backend } from './localBackend';

/** `bd backup`: copies of the ledger in a folder of the user's choice. */

const SETTING = 'backup.path';
const FILE = 'issues.jsonl';
/** Upper bound: a ledger of millions of beads. */
const MAX_BACKUP_BYTES = 2 ** 31 - 1;

export function addBackup(program: CliCommand, context: BdContext): void {
  const backup = program
    .command('backup')
    .description('keep a copy of the ledger in a folder')
    .withHelp({
      text: 'The copy is an issues.jsonl with everything but wisps. git keeps the versions of the ledger itself.',
      examples: [
        ['bd backup init ~/backups/app', 'choose the folder, once'],
        ['bd backup sync', 'write the copy'],
        ['bd backup restore', 'restore beads that are missing here'],
      ],
      see: ['bd export', 'bd import'],
    });
  backup
    .command('init <folder>')
    .alias('add')
    .description('choose the folder, and write the first copy')
    .withHelp({ examples: [['bd backup init ~/backups/app', 'creates the folder']], see: ['bd backup sync'] })
    .action((folder: string, _options: unknown, invocation: Invocation) => {
      const chosen = canonicalPath(path.resolve(context.process.cwd, folder));
      return context.withLedger(invocation, async (backend) => {
        const { directory } = await backend.call(LedgerInfoGet.spec, {});
        if (!path.relative(directory, chosen).startsWith('..'))
          throw new UserError(`${chosen} is in the ledger's own folder`, 'Choose a folder elsewhere.', 'invalid');
        const issues = await writeCopy(backend, chosen);
        await backend.call(LedgerSettingChange.spec, { key: SETTING, value: chosen });
        context.print(
          invocation,
          { path: chosen, issues },
          () => `✓ Backup folder: ${chosen} (${plural(issues, 'issue')})`,
        );
      });
    });
  backup
    .command('sync')
    .description('update the copy')
    .withHelp({ examples: [['bd backup sync', 'before a risky change']], see: ['bd backup status'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const folder = await folderOf(backend);
        const issues = await writeCopy(backend, folder);
        context.print(
          invocation,
          { path: folder, issues },
          () => `✓ Backed up ${plural(issues, 'issue')} to ${folder}`,
        );
      }),
    );
  backup
    .command('status')
    .description('show the folder and when the copy was written')
    .withHelp({ examples: [['bd backup status --json', 'for a program']], see: ['bd backup sync'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const folder = (await context.call(invocation, LedgerInfoGet.spec, {})).settings[SETTING];
      const stat = folder === undefined ? undefined : statOf(path.join(folder, FILE));
      const value = {
        configured: folder !== undefined,
        ...(folder === undefined ? {} : { path: folder }),
        ...(stat ? { last_backup: stat.mtime.toISOString(), bytes: stat.size } : {}),
      };
      context.print(invocation, value, () =>
        folder === undefined
          ? 'No backup folder. Choose one: bd backup init <folder>'
          : [`Backup folder: ${folder}`, stat ? `Last backup: ${stat.mtime.toISOString()}` : 'Last backup: never'],
      );
    });
  backup
    .command('restore [folder]')
    .description('bring back what the copy has and this ledger lacks')
    .option('-f, --force', 'also restore beads that differ: the later change of each field wins')
    .option('--dry-run', 'only show')
    .withHelp({
      text: 'Nothing is removed. Deleted beads stay deleted.',
      examples: [
        ['bd backup restore', 'from the folder that was chosen'],
        ['bd backup restore ~/backups/app --dry-run', 'what would be restored'],
      ],
      see: ['bd backup status', 'bd import'],
    })
    .action((folder: string | undefined, options: { force?: boolean; dryRun?: boolean }, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const from =
          folder === undefined ? await folderOf(backend) : canonicalPath(path.resolve(context.process.cwd, folder));
        const text = readTextIfPresent(path.join(from, FILE), MAX_BACKUP_BYTES);
        if (text === undefined) throw new UserError(`there is no ${FILE} in ${from}`, 'bd backup status', 'not-found');
        const { dryRun } = options;
        const result = await backend.call(LedgerImport.spec, {
          text,
          skipExisting: options.force !== true,
          ...(dryRun ? { dryRun } : {}),
        });
        const count = result.created.length + result.updated.length;
        const deleted = await deletedBeads(backend, text);
        const value = {
          path: from,
          created: result.created.length,
          updated: result.updated.length,
          dry_run: dryRun === true,
          ...(deleted.length > 0 ? { deleted } : {}),
        };
        context.print(invocation, value, () => [
          dryRun
            ? `Would restore ${plural(count, 'issue')} from ${from}`
            : `✓ Restored ${plural(count, 'issue')} from ${from}`,
          ...deleted.map((id) => `  ${id} was deleted here, and stays deleted`),
        ]);
      }),
    );
  backup
    .command('remove')
    .alias('rm')
    .description('forget the folder; the copy is kept')
    .withHelp({ examples: [['bd backup remove', 'the files are yours']], see: ['bd backup init'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const folder = await folderOf(backend);
        await backend.call(LedgerSettingChange.spec, { key: SETTING });
        context.print(
          invocation,
          { removed: folder },
          () => `✓ No longer backed up to ${folder}; the copy is still there`,
        );
      }),
    );
}

/** Ids of the beads in the copy that were deleted here. */
async function deletedBeads(backend: Backend, copy: string): Promise<string[]> {
  const deleted = await backend.call(BeadList.spec, { status: ['tombstone'], limit: 0 });
  if (deleted.length === 0) return [];
  const lines = copy.split('\n').filter((line) => line !== '' && !line.includes('"status":"tombstone"'));
  const live = new Set(lines.map((line) => asPlainObject(JSON.parse(line)).id));
  return deleted.map((bead) => bead.id).filter((id) => live.has(id));
}

async function folderOf(backend: Backend): Promise<string> {
  const folder = (await backend.call(LedgerInfoGet.spec, {})).settings[SETTING];
  if (folder === undefined)
    throw new UserError('no backup folder is configured', 'Choose one: bd backup init <folder>', 'not-found');
  return folder;
}

async function writeCopy(backend: Backend, folder: string): Promise<number> {
  const { text, count } = await backend.call(LedgerExport.spec, {});
  writeFileAtomic(path.join(folder, FILE), text);
  return count;
}
