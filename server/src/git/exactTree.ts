import path from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { readFileBytes, removeFile } from '../base/safeFiles';
import { statOf } from '../base/safePaths';
import { adminFolder } from './adminFolder';
import { git } from './git';
import { statusOf } from './worktreeChanges';

/** Files of a worktree that differ from a commit, with the hash of their content; empty for a missing file. */
export type Differences = ReadonlyMap<string, string>;

/** Above this size only size and time are compared. */
const MAX_HASHED = 64 * 1024 * 1024;

/**
 * Compares every file of a worktree with a commit. The worktree's own index is not used: code that runs there may have
 * set assume-unchanged or skip-worktree, or have written an index that hides its edits.
 * @param admin the folder with the worktree's index
 */
export async function differencesFrom(directory: string, admin: string, commit: string): Promise<Differences> {
  const indexFile = path.join(admin, `compare-${randomBytes(6).toString('hex')}.index`);
  try {
    await git(directory, ['read-tree', commit], { indexFile });
    // By content: this index knows no sizes and times yet, and `diff-files` would list every file.
    const names = await git(directory, ['diff', '--name-only', '--no-ext-diff', '--ignore-submodules=dirty', '-z'], {
      indexFile,
    });
    return new Map(
      names
        .split('\0')
        .filter(Boolean)
        .map((name) => [name, hashOf(path.join(directory, name))]),
    );
  } finally {
    removeFile(indexFile);
    removeFile(`${indexFile}.lock`);
  }
}

/**
 * Records the state of a worktree.
 * @returns a function that returns the checked-out commit, and the files that changed since, by git's status and by
 * content
 */
export async function watchTree(
  directory: string,
  commit: string,
): Promise<() => Promise<{ head?: string; files: string[] }>> {
  const admin = adminFolder(directory)!;
  // Initial differences are files that a checkout does not write as they were committed.
  const atFirst = await differencesFrom(directory, admin, commit);
  return async () => {
    const { head, changes } = await statusOf(directory, 'no');
    const different = changedBetween(atFirst, await differencesFrom(directory, admin, commit));
    return { head, files: [...changes, ...different] };
  };
}

/** The files in which two comparisons differ. */
function changedBetween(before: Differences, after: Differences): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}

function hashOf(file: string): string {
  try {
    const bytes = readFileBytes(file, MAX_HASHED);
    return bytes ? createHash('sha256').update(bytes).digest('hex') : '';
  } catch {
    // A link, a pipe or a large file: a replacement is detected by its stat.
    try {
      const stat = statOf(path.dirname(file)) && statOf(file);
      return stat ? `${stat.size} ${stat.mtimeMs}` : '';
    } catch {
      return 'not a regular file';
    }
  }
}
