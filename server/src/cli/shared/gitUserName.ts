import fs from 'node:fs';
import path from 'node:path';
import { readTextIfPresent } from '../../base/safeFiles';
import { canonicalPath } from '../../base/safePaths';

/*
 * Reads git's user.name from the usual files. Starting git for it would take as long as the rest of a command. Anything
 * unusual is left to git: undefined means "ask git", never "there is none".
 */

/** GIT_DIR, GIT_CONFIG_GLOBAL, GIT_CONFIG_COUNT …, but not the names and addresses of commits. */
const changesConfig = /^GIT_(?:DIR|CONFIG|COMMON|WORK_TREE|CEILING|DISCOVERY)/;

/** @returns undefined if only git itself can answer */
export function plainUserName(env: NodeJS.ProcessEnv, cwd: string): string | undefined {
  return plainUserValue('name', env, cwd);
}

/** `user.name` or `user.email`. @returns undefined if only git itself can answer */
export function plainUserValue(key: 'name' | 'email', env: NodeJS.ProcessEnv, cwd: string): string | undefined {
  for (const name in env) if (name.startsWith('GIT_') && changesConfig.test(name)) return undefined;
  const home = env.HOME;
  if (!home || process.platform === 'win32') return undefined;
  try {
    const repository = repositoryConfig(cwd);
    if (repository === undefined) return undefined;
    // The last file that sets the name wins.
    const texts = [
      // The user's own files, which may be links into a dotfiles folder.
      readPersonal(path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'git', 'config')),
      readPersonal(path.join(home, '.gitconfig')),
      repository,
    ];
    if (texts.some((text) => text !== undefined && !isPlain(text))) return undefined;
    return texts
      .map((text) => (text === undefined ? undefined : valueIn(text, key)))
      .reverse()
      .find((name) => name !== undefined);
  } catch {
    return undefined;
  }
}

function readPersonal(file: string): string | undefined {
  // Usually only one of the two exists, and checking a missing one for links would take longer than everything else
  // here.
  return fs.existsSync(file) ? readTextIfPresent(canonicalPath(file)) : undefined;
}

/** Text of the repository's configuration, empty outside of any; undefined if git itself has to read it. */
function repositoryConfig(cwd: string): string | undefined {
  const start = path.resolve(cwd);
  const { dev } = fs.statSync(start);
  for (let folder = start; ; folder = path.dirname(folder)) {
    // Like git, do not cross file systems.
    if (fs.statSync(folder).dev !== dev) return undefined;
    const directory = path.join(folder, '.git');
    const git = fs.statSync(directory, { throwIfNoEntry: false });
    if (git) {
      // False for a worktree, a submodule, a folder of another user, or an incomplete repository, which git skips.
      const isWhole =
        git.isDirectory() && ['HEAD', 'objects', 'refs'].every((name) => fs.existsSync(path.join(directory, name)));
      if (!isWhole || git.uid !== process.getuid?.()) return undefined;
      return readTextIfPresent(path.join(directory, 'config')) ?? '';
    }
    // A bare repository is its own folder.
    if (fs.existsSync(path.join(folder, 'HEAD')) && fs.existsSync(path.join(folder, 'objects'))) return undefined;
    if (folder === path.dirname(folder)) return '';
  }
}

/** Whether a configuration has no includes, extensions, unknown formats or continued lines. */
function isPlain(text: string): boolean {
  return !/^\s*\[\s*(?:include|extensions)|repositoryformatversion\s*=(?!\s*0\s*$)|\\\s*$/im.test(text);
}

/** The last value of a key. @throws Error for any unusual line, which git may interpret differently */
function valueIn(text: string, key: 'name' | 'email'): string | undefined {
  let inUser = false;
  let value: string | undefined;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const isSection = trimmed.startsWith('[');
    const match = isSection
      ? /^\[([a-z0-9.-]+)(?: "[^"\\]*")?\]$/i.exec(trimmed)
      : /^([a-z][a-z0-9-]*)\s*(?:=(.*))?$/i.exec(trimmed);
    if (!match) throw new Error('not a plain line');
    const word = match[1]!.toLowerCase();
    if (isSection) inUser = word === 'user' && !trimmed.includes('"');
    else if (inUser && word === key) value = plainValue(match[2]);
  }
  return value;
}

function plainValue(value: string | undefined): string {
  if (value === undefined || /["\\#;\t]/.test(value.trim()) || value.trim() === '')
    throw new Error('not a plain value');
  return value.trim();
}
