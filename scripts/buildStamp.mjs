import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const sources = ['client/src', 'server/src'];

/**
 * Tells newer builds from older ones, in milliseconds: the time of the commit, and where files were changed since (or
 * there is no git) the time of the newest change. Two builds of one commit compare equal, whenever it was cloned.
 */
export function buildStamp(root = process.cwd()) {
  const commit = git(root, ['log', '-1', '--format=%ct']);
  if (!commit) return Math.round(newest(root, filesUnder(root)));
  const status = git(root, ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--', ...sources]);
  const top = git(root, ['rev-parse', '--show-toplevel']) ?? root;
  const changed = (status ?? '')
    .split('\0')
    .filter(Boolean)
    .map((line) => line.slice(3));
  return Math.round(Math.max(Number(commit) * 1000, newest(top, changed)));
}

function newest(root, files) {
  return Math.max(0, ...files.map((file) => statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0));
}

function filesUnder(root) {
  const present = sources.filter((directory) => existsSync(path.join(root, directory)));
  return present.flatMap((directory) =>
    readdirSync(path.join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name))),
  );
}

/** Undefined without git, outside of a repository and before the first commit. */
function git(root, args) {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).replace(
      /\n$/,
      '',
    );
  } catch {
    return undefined;
  }
}
