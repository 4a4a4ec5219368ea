import path from 'node:path';
import { readTextIfPresent } from '../base/safeFiles';
import { isPresent, statOf } from '../base/safePaths';
import type { RigRepository } from './repository';

/*
 * Git stores the state of one worktree (HEAD, index, a rebase in progress) in its administrative folder,
 * `.repo.git/worktrees/<id>`. It identifies a worktree; HEAD does not, because agents may move it.
 */

/** The administrative folder of a worktree of any repository; undefined if the folder is not a worktree. */
export function adminFolder(worktree: string): string | undefined {
  const text = readGitFile(path.join(worktree, '.git'));
  const target = text === undefined ? undefined : /^gitdir: (.*?)\r?\n?$/s.exec(text)?.[1];
  return target === undefined ? undefined : path.resolve(worktree, target);
}

function readGitFile(file: string): string | undefined {
  return statOf(file)?.isFile() ? readTextIfPresent(file) : undefined;
}

/** The administrative folder of a worktree, if both the worktree and this repository refer to each other. */
export function ownAdminFolder(repository: RigRepository, worktree: string): string | undefined {
  const admin = adminFolder(worktree);
  if (admin === undefined || path.dirname(admin) !== path.join(repository.directory, 'worktrees')) return undefined;
  const back = readTextIfPresent(path.join(admin, 'gitdir'))?.trim();
  return back !== undefined && path.resolve(admin, back) === path.join(worktree, '.git') ? admin : undefined;
}

/** A git operation in progress in a worktree, by the command that continues or aborts it. */
export type Operation = 'rebase' | 'am' | 'merge' | 'cherry-pick' | 'revert';

export function operationIn(admin: string): Operation | undefined {
  const has = (name: string): boolean => isPresent(path.join(admin, name));
  if (has('rebase-merge')) return 'rebase';
  if (has('rebase-apply')) return has('rebase-apply/applying') ? 'am' : 'rebase';
  if (has('MERGE_HEAD')) return 'merge';
  if (has('CHERRY_PICK_HEAD')) return 'cherry-pick';
  return has('REVERT_HEAD') ? 'revert' : undefined;
}

/** The branch that is being rebased: HEAD is detached during a rebase. */
export function rebasedBranch(admin: string): string | undefined {
  const names = ['rebase-merge', 'rebase-apply'].map((folder) => path.join(admin, folder, 'head-name'));
  const name = names.map((file) => readTextIfPresent(file)?.trim()).find((text) => text !== undefined);
  return name?.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : undefined;
}
