import fs from 'node:fs';
import path from 'node:path';
import { isCommandWorkingIn } from '../base/processTraces';
import { removeFile } from '../base/safeFiles';
import { listFolder } from '../base/safeFolders';

/** A lock of the whole repository older than this is stale: no git command holds one that long. */
const SHARED_LOCK_MS = 10_000;

/**
 * Removes locks that a killed git has left in a worktree: of the index, HEAD, its submodules, and its branch. Call it
 * while no agent works there. Does nothing while a git process works in the worktree.
 */
export function removeWorktreeLocks(repository: string, worktree: string, admin: string, branch?: string): void {
  if (isCommandWorkingIn(worktree, 'git')) return;
  removeLocks(admin, 0);
  removeLocksBelow(path.join(admin, 'modules'));
  if (branch === undefined) return;
  removeFile(path.join(repository, 'refs', 'heads', `${branch}.lock`));
}

/**
 * Removes locks that a killed git has left in the repository itself. These files are only locked by the server, which
 * is their only writer.
 */
export function removeRepositoryLocks(repository: string): void {
  removeLocks(repository, SHARED_LOCK_MS);
  for (const folder of ['remotes', 'gastown']) removeLocksBelow(path.join(repository, 'refs', folder));
}

function removeLocks(folder: string, minAgeMs: number): void {
  for (const name of listed(folder)) {
    if (!name.endsWith('.lock')) continue;
    const file = path.join(folder, name);
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() && Date.now() - stat.mtimeMs >= minAgeMs) removeFile(file);
  }
}

function removeLocksBelow(folder: string): void {
  removeLocks(folder, 0);
  for (const name of listed(folder)) {
    const child = path.join(folder, name);
    // The objects of a submodule are numerous, and never locked.
    if (name !== 'objects' && fs.lstatSync(child, { throwIfNoEntry: false })?.isDirectory()) removeLocksBelow(child);
  }
}

function listed(folder: string): string[] {
  try {
    return listFolder(folder).map(({ name }) => name);
  } catch {
    return [];
  }
}
