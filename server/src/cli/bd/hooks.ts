import path from 'node:path';
import { UserError } from '../../base/errors';
import { moveFile, readTextIfPresent, removeFile, writeFileAtomic } from '../../base/safeFiles';
import { makeFolder } from '../../base/safeFolders';
import { LedgerFlush } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { gitOutput } from '../shared/gitOutput';
import type { BdContext } from './context';

/** `bd hooks`: git calls `bd` before a commit and after a merge, so that the file of beads is always up to date. */

const names = ['pre-commit', 'post-merge', 'pre-push', 'post-checkout', 'prepare-commit-msg'] as const;
type HookName = (typeof names)[number];

const VERSION = 'v1';
const MARK = '# bd-hook';
/** Suffix of the name of an existing hook, which is kept and called first. */
const CHAINED = '.old';

interface HookState {
  Name: HookName;
  Installed: boolean;
  Version: string;
  IsShim: boolean;
  Outdated: boolean;
}

export function addHooks(program: CliCommand, context: BdContext): void {
  const hooks = program
    .command('hooks')
    .description('hooks of git that keep the file of beads whole')
    .withHelp({
      text: 'Existing hooks are kept: they are called first.',
      examples: [['bd hooks install', 'once in a clone']],
      see: ['bd sync', 'bd init'],
    });
  addInstall(hooks, context);
  hooks
    .command('uninstall')
    .description('remove them and restore the earlier hooks')
    .withHelp({ examples: [['bd hooks uninstall', 'all of them']], see: ['bd hooks install'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const folder = await hooksFolder(context.process.cwd);
      for (const name of names) uninstall(folder, name);
      const message = 'Git hooks uninstalled successfully';
      context.print(invocation, { success: true, message }, () => `✓ ${message}`);
    });
  hooks
    .command('list')
    .description('show which are installed')
    .withHelp({ examples: [['bd hooks list', 'all five']], see: ['bd hooks install'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const folder = await hooksFolder(context.process.cwd);
      const states = names.map((name) => stateOf(folder, name));
      context.print(invocation, { hooks: states }, () => [
        'Git hooks status:',
        ...states.map((each) =>
          each.Installed ? `  ✓ ${each.Name}: installed (version ${each.Version})` : `  ✗ ${each.Name}: not installed`,
        ),
      ]);
    });
  hooks
    .command('run')
    .description('what a hook does; git calls it')
    .argument('<hook>', names.join(', '))
    .argument('[words...]', 'what git passes to the hook')
    .withHelp({ examples: [['bd hooks run pre-commit', 'as git does']], see: ['bd hooks install'] })
    .action((name: string, _words: string[], _options: unknown, invocation: Invocation) =>
      run(invocation, context, name),
    );
}

function addInstall(hooks: CliCommand, context: BdContext): void {
  hooks
    .command('install')
    .description('install them in this clone')
    .option('--force', 'accepted: older ones of bd are replaced anyway')
    .option('--chain', 'accepted: other hooks are called anyway')
    .option('--shared', 'accepted, has no effect')
    .option('--beads', 'accepted, has no effect')
    .withHelp({ examples: [['bd hooks install', 'for this clone']], see: ['bd hooks list'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const chained = await installHooks(context.process.cwd);
      const message = 'Git hooks installed successfully';
      context.print(invocation, { success: true, message, shared: false, chained, beadsHooks: false }, () => [
        `✓ ${message}`,
        '',
        'Installed hooks:',
        ...names.map((name) => `  - ${name}`),
      ]);
    });
}

/** The folder of git's hooks; undefined outside of a repository. */
async function hooksFolderAround(cwd: string): Promise<string | undefined> {
  const folder = await gitOutput(cwd, ['rev-parse', '--git-path', 'hooks']);
  return folder === undefined ? undefined : path.resolve(cwd, folder.trim());
}

async function hooksFolder(cwd: string): Promise<string> {
  const folder = await hooksFolderAround(cwd);
  if (folder === undefined) throw new UserError('not a git repository', 'Run it in a clone.', 'not-found');
  return folder;
}

/** Names of the hooks that are missing or of an older version; undefined outside of a repository. */
export async function missingHooks(cwd: string): Promise<string[] | undefined> {
  const folder = await hooksFolderAround(cwd);
  return folder === undefined
    ? undefined
    : names.filter((name) => {
        const state = stateOf(folder, name);
        return !state.Installed || state.Outdated;
      });
}

/** Installs all hooks. @returns whether there were others, which are called first from now on */
export async function installHooks(cwd: string): Promise<boolean> {
  const folder = await hooksFolder(cwd);
  makeFolder(folder);
  return names.filter((name) => install(folder, name)).length > 0;
}

function stateOf(folder: string, name: HookName): HookState {
  const text = readTextIfPresent(path.join(folder, name)) ?? '';
  const version = new RegExp(`^${MARK} (\\S+)$`, 'm').exec(text)?.[1];
  return {
    Name: name,
    Installed: version !== undefined,
    Version: version ?? '',
    IsShim: version !== undefined,
    Outdated: version !== undefined && version !== VERSION,
  };
}

/** Installs a hook. @returns whether there was another hook, which is called first from now on */
function install(folder: string, name: HookName): boolean {
  const file = path.join(folder, name);
  const other = readTextIfPresent(file);
  const isForeign = other !== undefined && !stateOf(folder, name).Installed;
  if (isForeign) moveFile(file, file + CHAINED);
  writeFileAtomic(file, hookText(name), 0o755);
  return isForeign;
}

function hookText(name: HookName): string {
  return `#!/bin/sh
${MARK} ${VERSION}
old="$(dirname "$0")/${name}${CHAINED}"
if [ -x "$old" ]; then "$old" "$@" || exit $?; fi
command -v bd >/dev/null 2>&1 || exit 0
exec bd hooks run ${name} "$@"
`;
}

function uninstall(folder: string, name: HookName): void {
  const file = path.join(folder, name);
  if (!stateOf(folder, name).Installed) return;
  removeFile(file);
  if (readTextIfPresent(file + CHAINED) !== undefined) moveFile(file + CHAINED, file);
}

/** Runs a hook: writes the file before a commit and a push, reads it after a merge and a checkout. */
async function run(invocation: Invocation, context: BdContext, given: string): Promise<void> {
  const name = names.find((known) => known === given);
  if (name === undefined) throw new UserError(`Unknown hook: ${given}`, `Known: ${names.join(', ')}`);
  if (name === 'prepare-commit-msg') return;
  const importOnly = name === 'post-merge' || name === 'post-checkout';
  try {
    const { file } = await context.call(invocation, LedgerFlush.spec, importOnly ? { importOnly } : {});
    if (name === 'pre-commit' && (await isTracked(file))) await gitOutput(path.dirname(file), ['add', '--', file]);
  } catch (error) {
    // Without a ledger the hook does nothing.
    if (!(error instanceof UserError) || error.code !== 'not-found') throw error;
  }
}

/** Whether the file is in git. An untracked file is not added: that is left to the user. */
async function isTracked(file: string): Promise<boolean> {
  return (await gitOutput(path.dirname(file), ['ls-files', '--error-unmatch', '--', file])) !== undefined;
}
