import path from 'node:path';
import { execFile } from 'node:child_process';
import { UserError } from '../base/errors';
import { readTextIfPresent } from '../base/safeFiles';
import { canonicalPath, isPresent, statOf } from '../base/safePaths';
import { shellQuote } from '../base/shims';

/*
 * Git reads the configuration of the repository that it works in, and runs the programs in it: filters, drivers,
 * helpers. In a folder that the server did not create it is untrusted. Git has no option to ignore it, so each of its
 * settings that names a program, a path or another file is overridden for the command (docs/security.md has the list).
 */

/**
 * The value that overrides a setting. Keys are spelled as git prints them: section and name in lower case. An empty
 * value disables a program; a merge driver becomes git's own merge, a transport git's own program.
 */
const RULES: readonly (readonly [key: RegExp, value: string])[] = [
  [/^core\.(?:hookspath|attributesfile|excludesfile)$/, '/dev/null'],
  [/^core\.(?:fsmonitor|usebuiltinfsmonitor)$/, 'false'],
  [/^core\.(?:editor|pager|askpass|sshcommand|gitproxy)$/, ''],
  [/^core\.alternaterefscommand$/, 'true'],
  [/^sequence\.editor$|^pager\./, ''],
  [/^filter\..*\.required$/, 'false'],
  [/^filter\..*\.(?:clean|smudge|process)$/, ''],
  [/^merge\..*\.driver$/, 'git merge-file --marker-size=%L %A %O %B'],
  [/^diff\.external$|^diff\..*\.(?:command|textconv)$|^diff\.orderfile$|^interactive\.difffilter$/, ''],
  [/^credential\.(?:.*\.)?helper$/, ''],
  [/^gpg\.(?:.*\.)?program$|^gpg\.ssh\.(?:defaultkeycommand|allowedsignersfile|revocationfile)$/, ''],
  [/^remote\..*\.uploadpack$/, 'git-upload-pack'],
  [/^remote\..*\.receivepack$/, 'git-receive-pack'],
  [/^remote\..*\.vcs$/, ''],
  [/^protocol\.(?:.*\.)?allow$/, 'never'],
  [/^(?:trailer|tar|mergetool|difftool|browser|man|guitool)\..*\.(?:cmd|command|path)$/, ''],
  [/^(?:merge|diff)\.(?:gui)?tool$|^(?:web|help|instaweb)\.browser$|^instaweb\.httpd$/, ''],
  [/^submodule\..*\.update$/, 'checkout'],
  [/^submodule\.recurse$|^push\.recursesubmodules$/, 'false'],
  [/^init\.templatedir$/, ''],
  [/^(?:imap\.tunnel|sendemail\..*)$/, ''],
  [/^lfs\.(?:.*\.)?(?:path|args|clean|smudge|standalonetransferagent|sshtransfer)$/, ''],
  [/^(?:mailmap\.file|blame\.ignorerevsfile|http\.(?:.*\.)?(?:cookiefile|proxy))$/, ''],
];

/** Sections and keys of plain repositories, which name no program, file or path that git would use here. */
const HARMLESS =
  /^(?:core\.(?:repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|safecrlf)|remote\.(?:url|fetch|pushurl|tagopt|promisor|partialclonefilter)|branch\.(?:remote|merge|rebase|vscode-merge-base)|user\.(?:name|email)|gc\.auto|rerere\.enabled|pull\.rebase|extensions\.objectformat|commit\.gpgsign|tag\.gpgsign)$/;

const LISTING_MS = 5_000;
const MAX_LISTING = 16 * 1024 * 1024;
const MAX_CONFIG = 4 * 1024 * 1024;

/** Repositories that the server created, with the function that restores their settings. */
const ours = new Map<string, () => void>();

/**
 * Registers a repository whose settings belong to the server: they are restored before each git command of the server
 * in it and in its worktrees. Agents share the file, and one of them could break git for all.
 */
export function keepSettings(repository: string, restore: () => void): void {
  for (const spelling of [repository, canonicalPath(repository)]) ours.set(spelling, restore);
}

/**
 * Environment variables with which a git command in this folder uses no program, path or file from the repository's
 * settings.
 * @returns nothing for a plain repository, such as those that the server creates
 * @throws UserError if the configuration cannot be read in time, or names another worktree for a bare repository
 */
export async function neutralEnvironment(directory: string, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const found = repositoryAt(directory);
  const restore = found?.common === undefined ? undefined : ours.get(found.common);
  if (restore) {
    restore();
    return {};
  }
  if (!found || isHarmless(found.config)) return {};
  const keys = await listLocal(directory, env);
  const variables = environmentOf(overridden(keys));
  if (!keys.includes('core.worktree')) return variables;
  if (found.isBare)
    throw new UserError(
      `the configuration of ${found.top} names a worktree elsewhere (core.worktree)`,
      'Gas Town does nothing there: check the setting, and remove it.',
      'refused',
    );
  return { ...variables, GIT_WORK_TREE: found.top };
}

/** Settings as variables: unlike `-c` they support keys with any character. */
function environmentOf(settings: ReadonlyMap<string, string>): Record<string, string> {
  if (settings.size === 0) return {};
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.size) };
  [...settings].forEach(([key, value], index) => {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return variables;
}

/** Keys of a listing that must be overridden, with the values. Pure. */
export function overridden(keys: Iterable<string>): Map<string, string> {
  const result = new Map<string, string>();
  for (const key of keys) {
    const rule = RULES.find(([pattern]) => pattern.test(key));
    if (rule) result.set(key, rule[1]);
    // A required filter without a command would fail.
    const filter = /^(filter\..*)\.(?:clean|smudge|process|required)$/s.exec(key)?.[1];
    if (filter !== undefined)
      for (const [name, value] of [
        ['clean', ''],
        ['smudge', ''],
        ['process', ''],
        ['required', 'false'],
      ] as const)
        result.set(`${filter}.${name}`, value);
  }
  return result;
}

interface FoundRepository {
  /** The folder with `.git`, or the bare repository itself. */
  top: string;
  isBare: boolean;
  /** The folder whose configuration is used; empty if unknown. */
  common: string;
  /** Text of its configuration; undefined if it is not a plain file. */
  config: string | undefined;
}

/** The repository that git would find from a folder. By the files alone: git would read its configuration first. */
export function repositoryAt(directory: string): FoundRepository | undefined {
  for (let folder = path.resolve(directory); ; folder = path.dirname(folder)) {
    const common = attempt(() => commonDirectory(folder));
    if (common !== undefined)
      return { top: folder, isBare: common === folder, common, config: common && attempt(() => configOf(common)) };
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The folder whose `config` is used; empty if unknown, undefined if this folder is not a repository. */
function commonDirectory(folder: string): string | undefined {
  const git = path.join(folder, '.git');
  const stat = statOf(git);
  if (stat?.isDirectory()) return git;
  if (stat) {
    const target = /^gitdir: (.+?)\s*$/.exec(readTextIfPresent(git, MAX_CONFIG) ?? '')?.[1];
    const own = target === undefined ? '' : path.resolve(folder, target);
    const common = own && readTextIfPresent(path.join(own, 'commondir'), MAX_CONFIG)?.trim();
    return common ? path.resolve(own, common) : own;
  }
  const isBare = ['HEAD', 'objects', 'refs'].every((name) => isPresent(path.join(folder, name)));
  return isBare ? folder : undefined;
}

function configOf(common: string): string | undefined {
  return readTextIfPresent(path.join(common, 'config'), MAX_CONFIG);
}

function attempt<T>(read: () => T): T | '' {
  try {
    return read();
  } catch {
    return ''; // a link or a pipe instead of a file: git has to decide
  }
}

/** Whether a configuration only has settings of plain repositories. Pure. */
export function isHarmless(text: string | undefined): boolean {
  if (text === undefined || text === '' || text.includes('\0')) return false;
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    if (trimmed.endsWith('\\')) return false; // the next line is a part of this one
    const header = /^\[([a-zA-Z0-9-]+)(?: "[^"\\]*")?\]$/.exec(trimmed)?.[1];
    const key = /^([a-zA-Z][a-zA-Z0-9-]*)(?:\s*=.*)?$/.exec(trimmed)?.[1];
    if (header !== undefined) section = header.toLowerCase();
    else if (key === undefined || !HARMLESS.test(`${section}.${key.toLowerCase()}`)) return false;
  }
  return true;
}

/** Keys of the repository's own configuration, and of its included files. */
function listLocal(directory: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      ['-c', 'safe.bareRepository=all', 'config', '--list', '--includes', '--show-scope', '-z'],
      { cwd: directory, env, timeout: LISTING_MS, killSignal: 'SIGKILL', maxBuffer: MAX_LISTING, windowsHide: true },
      (error, stdout, stderr) => {
        if (!error) return resolve(localKeys(stdout));
        const words =
          stderr.trim() || (error.killed ? 'git did not finish; the configuration may include a pipe' : error.message);
        reject(
          new UserError(
            `cannot read the git configuration of ${directory}: ${words}`,
            'Fix it: Gas Town does nothing in a repository whose configuration it cannot read.',
            'unavailable',
          ),
        );
      },
    );
  });
}

/**
 * Keys in the output of `git config --list --show-scope -z` that come neither from the user nor from the system nor
 * from us. Pure.
 */
export function localKeys(listing: string): string[] {
  const parts = listing.split('\0');
  const keys: string[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2)
    if (['local', 'worktree'].includes(parts[index]!)) keys.push(parts[index + 1]!.split('\n', 1)[0]!);
  return keys;
}

/**
 * Settings for every repository on this disk that git opens for a fetch or a push: no program runs, and no maintenance
 * starts.
 */
const OTHER_END: readonly (readonly [key: string, value: string])[] = [
  ['core.fsmonitor', 'false'],
  ['core.alternateRefsCommand', 'true'],
  ['gc.auto', '0'],
  ['receive.autogc', 'false'],
];

/**
 * The command of the git process at the other end of a fetch from, or a push to, a repository on this disk. It uses no
 * settings of our command and all of that repository, so it is started with variables that disable these.
 * @param hooks whether its hooks run: they are the policy of a bare repository, but not of a checkout
 * @returns for `--upload-pack` and `--receive-pack`, or for the remote settings of these names
 */
export async function otherEnd(
  directory: string,
  env: NodeJS.ProcessEnv,
  hooks: boolean,
): Promise<{ uploadPack: string; receivePack: string }> {
  const settings = new Map(OTHER_END);
  if (!hooks) settings.set('core.hooksPath', '/dev/null');
  const found = repositoryAt(directory);
  if (found && !isHarmless(found.config))
    for (const [key, value] of overridden(await listLocal(directory, env))) {
      // A bare repository configures the path of its own hooks.
      if (!(hooks && key === 'core.hookspath')) settings.set(key, value);
    }
  const variables = Object.entries(environmentOf(settings)).map(([name, value]) => `${name}=${shellQuote(value)}`);
  const command = (program: string): string => `${variables.join(' ')} git ${program}`;
  return { uploadPack: command('upload-pack'), receivePack: command('receive-pack') };
}
