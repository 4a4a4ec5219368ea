import path from 'node:path';
import { readTextIfPresent, removeFile, writeFileAtomic } from '../base/safeFiles';
import { isPresent, statOf } from '../base/safePaths';
import { listFolder, makeFolder } from '../base/safeFolders';
import { adminFolder } from './adminFolder';
import { readMark } from './worktreeMark';
import { git, GitError } from './git';
import type { RigRepository } from './repository';

/**
 * Repairs a worktree that an agent, a crash or a full disk has damaged: the file `.git`, the administrative folder,
 * HEAD, the branch and the index. Files of the worktree and commits are never touched. Call it while no agent works
 * there, inside `withRepository`.
 * @param branch the branch that the worktree was created for, if it has no mark
 * @param base base of the branch: it is reset to that if the whole repository was lost and nothing else is known
 */
export async function repairWorktree(
  repository: RigRepository,
  directory: string,
  branch?: string,
  base?: string,
): Promise<void> {
  const admin = repairLink(repository, directory, branch);
  if (admin === undefined) return;
  const own = readMark(admin).branch ?? branch;
  if (own === undefined) return;
  repairHead(admin, own);
  await repairBranch(repository, admin, base);
  await repairIndex(directory, admin);
}

/**
 * Unregisters worktrees whose folder is gone. Those of agents are locked, so that git does not drop one that has only
 * lost its file `.git`.
 */
export async function pruneWorktrees(repository: RigRepository): Promise<void> {
  let isNeeded = false;
  for (const admin of adminFolders(repository)) {
    const link = linkOf(admin);
    if (link !== undefined && !isPresent(path.dirname(link))) removeFile(path.join(admin, 'locked'));
    isNeeded ||= link === undefined || !isPresent(link);
  }
  if (isNeeded) await git(repository.directory, ['worktree', 'prune']);
}

function adminFolders(repository: RigRepository): string[] {
  const worktrees = path.join(repository.directory, 'worktrees');
  return isPresent(worktrees) ? listFolder(worktrees).map(({ name }) => path.join(worktrees, name)) : [];
}

/**
 * Repairs the file `.git`. @returns undefined if the folder is not one of our worktrees, and is not known to have been
 * one
 */
function repairLink(repository: RigRepository, directory: string, branch: string | undefined): string | undefined {
  const worktrees = path.join(repository.directory, 'worktrees');
  const link = path.join(directory, '.git');
  const known = adminFolder(directory);
  if (known !== undefined && path.dirname(known) !== worktrees) return undefined; // of another repository
  if (statOf(link)?.isDirectory()) return undefined; // a separate repository
  if (!isPresent(directory) || listFolder(directory).length === 0) return undefined;
  const admin = known ?? adminFolders(repository).find((one) => linkOf(one) === link);
  if (admin === undefined) return undefined;
  if (!isPresent(path.join(admin, 'HEAD'))) {
    if (branch === undefined) return undefined;
    makeFolder(admin);
  }
  putBack(path.join(admin, 'commondir'), '../..\n');
  putBack(path.join(admin, 'gitdir'), `${link}\n`);
  putBack(link, `gitdir: ${admin}\n`);
  return admin;
}

/** The file `.git` of the worktree of an administrative folder. */
function linkOf(admin: string): string | undefined {
  const link = readTextIfPresent(path.join(admin, 'gitdir'))?.trim();
  return link === undefined ? undefined : path.resolve(admin, link);
}

function putBack(file: string, text: string): void {
  if (readTextIfPresent(file) !== text) writeFileAtomic(file, text);
}

function repairHead(admin: string, branch: string): void {
  const head = readTextIfPresent(path.join(admin, 'HEAD')) ?? '';
  if (!/^(?:ref: refs\/\S+|[0-9a-f]{40}|[0-9a-f]{64})\s*$/.test(head))
    writeFileAtomic(path.join(admin, 'HEAD'), `ref: refs/heads/${branch}\n`);
}

/** Restores a branch that was deleted, at its last commit in the worktree's own reflog. */
async function repairBranch(repository: RigRepository, admin: string, base: string | undefined): Promise<void> {
  const ref = /^ref: (refs\/heads\/\S+)/.exec(readTextIfPresent(path.join(admin, 'HEAD')) ?? '')?.[1];
  if (ref === undefined || (await repository.resolve(ref)) !== undefined) return;
  const entries = readTextIfPresent(path.join(admin, 'logs', 'HEAD')) ?? '';
  const [before, after = ''] = (entries.trimEnd().split('\n').at(-1) ?? '').split(' ');
  // The deletion itself is an entry too, with zeros for the new commit.
  const logged = /^0+$/.test(after) ? before : after;
  for (const commit of [logged, base])
    if (commit && (await repository.resolve(commit)) !== undefined)
      return void (await git(repository.directory, ['update-ref', ref, commit]));
}

/** Rebuilds an unreadable index, with which git refuses everything. Staged changes are still in the files. */
async function repairIndex(directory: string, admin: string): Promise<void> {
  try {
    if (!isPresent(path.join(admin, 'index'))) return void (await git(directory, ['read-tree', 'HEAD']));
    // Reads the index, and prints nothing.
    await git(directory, ['ls-files', '--', ':(literal).gastown-index-probe']);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    removeFile(path.join(admin, 'index'));
    await git(directory, ['read-tree', 'HEAD']);
  }
}
