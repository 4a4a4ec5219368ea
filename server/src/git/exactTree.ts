import path from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { readFileBytes, readTextIfPresent, removeFile, writeCacheFile } from '../base/safeFiles';
import { statOf } from '../base/safePaths';
import { adminFolder } from './adminFolder';
import { git } from './git';
import { statusOf } from './worktreeChanges';

/** Files of a worktree that differ from a commit, with the hash of their content; empty for a missing file. */
export type Differences = ReadonlyMap<string, string>;

/** Maximum size of an index in bytes: that of a million files. */
const MAX_KEPT_INDEX = 256 * 1024 * 1024;

/** Above this size only size and time are compared. */
const MAX_HASHED = 64 * 1024 * 1024;

/**
 * Compares the files of a worktree with a commit. The worktree's own index is not used: code that runs there may have
 * set assume-unchanged or skip-worktree, or have written an index that hides its edits. The index that is created here
 * is not stored where that code could reach it: only its bytes are kept.
 */
export class TreeComparison {
  private index: Buffer | undefined;

  /** @param admin the folder with the worktree's index */
  constructor(
    private readonly directory: string,
    private readonly admin: string,
    readonly commit: string,
  ) {}

  /** Current differences. */
  async differences(): Promise<Differences> {
    const indexFile = path.join(this.admin, `compare-${randomBytes(6).toString('hex')}.index`);
    try {
      if (this.index) writeCacheFile(indexFile, this.index);
      else {
        await git(this.directory, ['read-tree', this.commit], { indexFile });
        const { size } = statOf(indexFile)!;
        if (size <= MAX_KEPT_INDEX) this.index = readFileBytes(indexFile, MAX_KEPT_INDEX);
      }
      // By content: this index knows no sizes and times yet, and `diff-files` would list every file.
      const diff = ['diff', '--name-only', '--no-ext-diff', '--ignore-submodules=dirty', '-z'];
      const names = (await git(this.directory, diff, { indexFile })).split('\0').filter(Boolean);
      return new Map(names.map((name) => [name, hashOf(path.join(this.directory, name))]));
    } finally {
      removeFile(indexFile);
      removeFile(`${indexFile}.lock`);
    }
  }
}

/**
 * Records the state of a worktree.
 * @param atFirst initial differences: files that a checkout does not write as they were committed
 * @returns a function that returns the checked-out commit, and the files that changed since, by git's status and by
 * content
 */
export function watchTree(
  directory: string,
  comparison: TreeComparison,
  atFirst: Differences,
): () => Promise<{ head?: string; files: string[] }> {
  const { commit } = comparison;
  return async () => {
    const different = changedBetween(atFirst, await comparison.differences());
    // If its HEAD is still the commit, and its files are those of the commit, the index cannot change what was tested.
    if (different.length === 0 && headOf(directory) === commit) return { head: commit, files: [] };
    const { head, changes } = await statusOf(directory, 'no');
    return { head, files: [...changes, ...different] };
  };
}

/** The commit that is checked out in a detached worktree, if the file contains it. */
function headOf(directory: string): string | undefined {
  const admin = adminFolder(directory);
  return admin === undefined ? undefined : readTextIfPresent(path.join(admin, 'HEAD'))?.trim();
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
