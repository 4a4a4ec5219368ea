import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { isLedger } from '../../beads/storage/locate';
import { LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import { VERSION } from '../../protocol/transport/version';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { withHome } from './options';

/** `bd backend`, `bd repo` and `bd upgrade`: the store, the other repositories that beads wait for, and the program. */

export function addBackend(program: CliCommand, context: BdContext): void {
  const backend = program
    .command('backend')
    .description('which store is used')
    .withHelp({ examples: [['bd backend show', 'and where it is']], see: ['bd where'] });
  backend
    .command('list')
    .description('list the stores')
    .withHelp({ examples: [['bd backend list', 'there is one']], see: ['bd where'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print(invocation, { current: 'jsonl', backends: [{ name: 'jsonl', description: STORE }] }, () => [
        'Available backends:',
        `  jsonl  ${STORE} (current)`,
      ]),
    );
  backend
    .command('show')
    .description('show the store')
    .withHelp({ examples: [['bd backend show', 'and where it is']], see: ['bd where'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
      context.print(invocation, { backend: 'jsonl', beads_dir: directory }, () => [
        'Current backend: jsonl',
        `  Description: ${STORE}`,
        `  Beads dir: ${directory}`,
      ]);
    });
}

const STORE = 'issues.jsonl with a journal';
const PROJECT = 'external_projects.';

interface Repositories {
  /** `.beads` folder of this ledger. */
  directory: string;
  /** Name of the project, and its folder as given. */
  additional: [name: string, folder: string][];
}

async function repositories(invocation: Invocation, context: BdContext): Promise<Repositories> {
  const { directory, settings } = await context.call(invocation, LedgerInfoGet.spec, {});
  const additional = Object.entries(settings)
    .filter(([key]) => key.startsWith(PROJECT))
    .map(([key, folder]): [string, string] => [key.slice(PROJECT.length), folder]);
  return { directory, additional };
}

export function addRepo(program: CliCommand, context: BdContext): void {
  const repo = program
    .command('repo')
    .description('other repositories whose beads may be waited for')
    .withHelp({
      text: 'Beads stay in the ledger of their repository. A bead of this one waits for one of another by bd dep add <id> external:<name>:<id>; <name> is the name of the folder.',
      examples: [['bd repo add ../lib', 'then: bd dep add app-a1b2c external:lib:lib-d3e4f']],
      see: ['bd dep add', 'bd import', 'gt rig add'],
    });
  addRepoAdd(repo, context);
  addRepoRemove(repo, context);
  addRepoList(repo, context);
  addRepoSync(repo, context);
}

function addRepoAdd(repo: CliCommand, context: BdContext): void {
  repo
    .command('add')
    .description('name another repository')
    .argument('<path>', 'its folder, as seen from this repository')
    .withHelp({ examples: [['bd repo add ../lib', 'kept in config.yaml, which git carries']], see: ['bd repo list'] })
    .action(async (given: string, _options: unknown, invocation: Invocation) => {
      const { directory } = await repositories(invocation, context);
      const folder = path.resolve(path.dirname(directory), withHome(given, context.process.env));
      if (!isLedger(path.join(folder, '.beads')))
        throw new UserError(
          `no .beads directory found at ${folder} - is this a beads repository?`,
          'bd init creates one.',
        );
      const key = `${PROJECT}${path.basename(folder)}`;
      // A tilde would be resolved by each reader, and settings are read without doing so.
      const value = given.startsWith('~') ? folder : given;
      await context.call(invocation, LedgerSettingChange.spec, { key, value });
      context.print(invocation, { added: true, path: given }, () => [
        `Added repository: ${oneLine(given)}`,
        `Its beads are external:${oneLine(path.basename(folder))}:<id> in bd dep add.`,
      ]);
    });
}

function addRepoRemove(repo: CliCommand, context: BdContext): void {
  repo
    .command('remove')
    .alias('rm')
    .description('forget another repository')
    .argument('<path>', 'as bd repo list shows it')
    .withHelp({ examples: [['bd repo remove ../lib', 'its beads are unknown then']], see: ['bd repo list'] })
    .action(async (given: string, _options: unknown, invocation: Invocation) => {
      const { additional } = await repositories(invocation, context);
      const found = additional.find(([name, folder]) => folder === given || name === given);
      if (!found) throw new UserError(`repository not found: ${given}`, 'bd repo list shows them.', 'not-found');
      await context.call(invocation, LedgerSettingChange.spec, { key: `${PROJECT}${found[0]}` });
      context.print(
        invocation,
        { removed: true, path: given, issues_deleted: 0 },
        () => `Removed repository: ${oneLine(given)}`,
      );
    });
}

function addRepoList(repo: CliCommand, context: BdContext): void {
  repo
    .command('list')
    .description('list them')
    .withHelp({ examples: [['bd repo list', 'this one and the others']], see: ['bd repo add', 'gt rig list'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { additional } = await repositories(invocation, context);
      const folders = additional.map(([, folder]) => folder);
      context.print(invocation, { primary: '.', additional: folders }, () => [
        'Primary repository: .',
        ...(folders.length === 0
          ? ['No additional repositories configured']
          : ['', 'Additional repositories:', ...folders.map((folder) => `  - ${oneLine(folder)}`)]),
      ]);
    });
}

function addRepoSync(repo: CliCommand, context: BdContext): void {
  repo
    .command('sync')
    .description('check whether they exist; every command reads their beads')
    .hiddenOption('--verbose', 'accepted, has no effect')
    .withHelp({
      text: 'Beads of other repositories are never copied; bd import --rename-on-import copies them.',
      examples: [['bd repo sync', 'lists the missing ones']],
      exits: { 1: 'one of them has no ledger' },
      see: ['bd repo list'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { directory, additional } = await repositories(invocation, context);
      const gone = additional.filter(
        ([, folder]) => !isLedger(path.join(path.resolve(path.dirname(directory), folder), '.beads')),
      );
      if (gone.length > 0)
        throw new UserError(
          `no .beads directory found at ${gone.map(([, folder]) => folder).join(', ')}`,
          'Restore it, or remove it with bd repo remove.',
          'not-found',
        );
      context.print(
        invocation,
        { synced: true, jsonl_synced: additional.length, issues_imported: 0, errors: [] },
        () => 'Multi-repo sync complete: all repos up to date',
      );
    });
}

export function addUpgrade(program: CliCommand, context: BdContext): void {
  const upgrade = program
    .command('upgrade')
    .description('show changes of this program since the acknowledged version')
    .withHelp({ examples: [['bd upgrade status', 'the current and the previous version']], see: ['bd version'] });
  upgrade
    .command('status')
    .description('show the version, and whether it is new')
    .withHelp({ examples: [['bd upgrade status', 'in a hook']], see: ['bd version'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const before = await acknowledged(invocation, context);
      const isNew = before !== undefined && before !== VERSION;
      const value = { upgraded: isNew, current_version: VERSION };
      const more = isNew ? { previous_version: before, changes_available: true } : {};
      context.print(invocation, { ...value, ...more }, () =>
        isNew
          ? [`✨ bd upgraded from v${before} to v${VERSION}`, '', "Run 'bd upgrade review' to see what changed"]
          : `bd version: v${VERSION} (${before === undefined ? 'first run or version tracking just enabled' : 'no upgrade detected'})`,
      );
    });
  upgrade
    .command('review')
    .description('show the changes since then')
    .withHelp({ examples: [['bd upgrade review', 'where to read about the changes']], see: ['bd upgrade ack'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const before = await acknowledged(invocation, context);
      const value = { current_version: VERSION, previous_version: before ?? null, new_versions: [] };
      context.print(invocation, value, () => reviewLines(before));
    });
  upgrade
    .command('ack')
    .description('acknowledge this version')
    .withHelp({ examples: [['bd upgrade ack', 'nothing is new then']], see: ['bd upgrade status'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const before = await acknowledged(invocation, context);
      if ((invocation.options as { readonly?: boolean }).readonly)
        throw new UserError("operation 'ack' is not allowed in read-only mode", undefined, 'refused');
      writeFileAtomic(await versionFile(invocation, context), `${VERSION}\n`);
      const value = { acknowledged: true, current_version: VERSION, previous_version: before ?? '' };
      context.print(invocation, value, () =>
        before === VERSION
          ? `✓ Already on v${VERSION}`
          : before === undefined
            ? `✓ Acknowledged bd v${VERSION}`
            : `✓ Acknowledged upgrade from v${before} to v${VERSION}`,
      );
    });
}

function reviewLines(before: string | undefined): string[] {
  const where = "Run 'bd info --whats-new' to see recent changes";
  if (before === undefined) return ['No previous version recorded', where];
  if (before === VERSION) return [`You're already on v${VERSION} (no upgrade detected)`, where];
  return ['', `🔄 Upgraded from v${before} to v${VERSION}`, where, "Run 'bd upgrade ack' to mark this version as seen"];
}

/** The file with the acknowledged version; local to the clone, ignored by git. */
async function versionFile(invocation: Invocation, context: BdContext): Promise<string> {
  const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
  return path.join(directory, '.local_version');
}

/** The acknowledged version; undefined if there is none. */
async function acknowledged(invocation: Invocation, context: BdContext): Promise<string | undefined> {
  const text = readTextIfPresent(await versionFile(invocation, context))?.trim() ?? '';
  return /^\d+\.\d+\.\d+/.test(text) ? text : undefined;
}
