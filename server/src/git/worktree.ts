import path from 'node:path';
import { messageOf, UserError } from '../base/errors';
import { moveFile, removeFile } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { listFolder, makeFolder } from '../base/safeFolders';
import { argumentText } from '../base/text';
import { makeAccessible, removeTree } from '../base/folderTree';
import { adminFolder, operationIn, ownAdminFolder, rebasedBranch, type Operation } from './adminFolder';
import { readMark, writeMark } from './worktreeMark';
import { addExtraFiles, type ExtraFiles } from './extraFiles';
import { TreeComparison, type Differences } from './exactTree';
import { git, GitError, withRepository } from './git';
import { safePart } from './names';
import type { RigRepository } from './repository';
import { removeRepositoryLocks, removeWorktreeLocks } from './staleLocks';
import { pruneWorktrees, repairWorktree } from './worktreeRepair';
import { updateSubmodules } from './submodules';
import { recordCheckout, statusOf } from './worktreeChanges';

export interface WorktreeState {
  branch?: string;
  head?: string;
  /** Uncommitted or untracked (not ignored) files. */
  dirty: boolean;
  /** The git operation in progress here. */
  operation?: Operation;
}

/** Content of a worktree in addition to the files of its commit. */
export interface CheckoutOptions {
  /** Whether submodules are initialised; true by default. */
  submodules?: boolean;
  extraFiles?: ExtraFiles;
}

/** Completes a checkout. @returns whether it may have changed files */
async function complete(repository: RigRepository, directory: string, options: CheckoutOptions): Promise<boolean> {
  const { submodules, extraFiles } = options;
  const hasSubmodules = submodules !== false && (await updateSubmodules(repository, directory));
  if (extraFiles) await addExtraFiles(repository, directory, extraFiles);
  return hasSubmodules || (extraFiles !== undefined && extraFiles.copied.length + extraFiles.linked.length > 0);
}

/** A command that moves a worktree where no clean-up removes it. */
function moveCommand(repository: RigRepository, directory: string, branch: string): string {
  const kept = path.join(path.dirname(repository.directory), `kept-${safePart(branch)}`);
  return `mv ${argumentText(directory)} ${argumentText(kept)}`;
}

/**
 * Ensures a worktree at `directory` on `branch` (created from `base` if new). Safe to repeat, even if the agent has
 * moved HEAD since; locks left by a killed git are removed. Call it while no agent works there.
 */
export async function ensureWorktree(
  repository: RigRepository,
  directory: string,
  branch: string,
  base: string,
  options: CheckoutOptions = {},
): Promise<void> {
  const finish = async (): Promise<void> => {
    await complete(repository, directory, options);
    await recordCheckout(directory, adminFolder(directory)!, branch);
  };
  await repository.restoreIfGone();
  await withRepository(repository.directory, async () => {
    removeRepositoryLocks(repository.directory);
    await repairWorktree(repository, directory, branch, base);
    const admin = ownAdminFolder(repository, directory);
    if (admin !== undefined) {
      removeWorktreeLocks(repository.directory, directory, admin, branch);
      if ((await madeFor(directory, admin)) === branch) {
        if (readMark(admin).unfinished) await finish();
        return;
      }
    }
    if (listFolder(directory).length > 0) {
      throw new UserError(
        `${directory} exists and is not the worktree of ${branch}`,
        `Nothing in it was touched. Move it away, for example: ${moveCommand(repository, directory, branch)}`,
        'conflict',
      );
    }
    await pruneWorktrees(repository);
    makeFolder(path.dirname(directory));
    const known = await repository.resolve(`refs/heads/${branch}`);
    await git(
      repository.directory,
      known
        ? ['worktree', 'add', '--quiet', '--lock', '--', directory, branch]
        : ['worktree', 'add', '--quiet', '--lock', '--no-track', '-b', branch, '--', directory, base],
      // git-lfs of the user fetches its files from the remote.
      repository.access,
    );
    writeMark(adminFolder(directory)!, { branch, unfinished: true, atCheckout: {} });
    await finish();
  });
}

/** The branch that a worktree was created for. A worktree of an earlier build has no mark: then its current branch. */
async function madeFor(directory: string, admin: string): Promise<string | undefined> {
  return readMark(admin).branch ?? rebasedBranch(admin) ?? (await statusOf(directory, 'no')).branch;
}

/** A worktree with the files of a commit, and the remaining differences. */
export interface CheckedOut {
  comparison: TreeComparison;
  differences: Differences;
}

/**
 * A worktree detached at a commit, for the refinery. Everything in it is removed (ignored files too, except `keep`); if
 * that is impossible because files belong to another user, the whole folder is moved aside and a new one is created.
 */
export async function checkoutDetached(
  repository: RigRepository,
  directory: string,
  commit: string,
  options: CheckoutOptions & { keep?: readonly string[] } = {},
): Promise<CheckedOut> {
  await repository.restoreIfGone();
  return withRepository(repository.directory, async () => {
    removeRepositoryLocks(repository.directory);
    const made =
      (await reuse(repository, directory, commit, options.keep ?? [])) ??
      (await addDetached(repository, directory, commit));
    const { comparison } = made;
    const isCompleted = await complete(repository, directory, options);
    const differences = isCompleted ? await comparison.differences() : made.differences;
    const admin = adminFolder(directory)!;
    // If no content differs, git's status finds no differences either.
    if (differences.size > 0) await recordCheckout(directory, admin);
    else writeMark(admin, { atCheckout: {} });
    return { comparison, differences };
  });
}

async function addDetached(repository: RigRepository, directory: string, commit: string): Promise<CheckedOut> {
  discard(directory);
  await pruneWorktrees(repository);
  makeFolder(path.dirname(directory));
  const add = ['worktree', 'add', '--quiet', '--force', '--detach', '--', directory, commit];
  await git(repository.directory, add, repository.access);
  return compare(directory, adminFolder(directory)!, commit);
}

async function compare(directory: string, admin: string, commit: string): Promise<CheckedOut> {
  const comparison = new TreeComparison(directory, admin, commit);
  return { comparison, differences: await comparison.differences() };
}

/**
 * Reuses a checkout. @returns undefined if there is none, or it cannot be cleaned: only the refinery uses it, so it can
 * be recreated
 */
async function reuse(
  repository: RigRepository,
  directory: string,
  commit: string,
  keep: readonly string[],
): Promise<CheckedOut | undefined> {
  const admin = ownAdminFolder(repository, directory);
  if (admin === undefined || !isPresent(path.join(admin, 'HEAD'))) return undefined;
  const clean = async (): Promise<CheckedOut> => {
    removeWorktreeLocks(repository.directory, directory, admin);
    if (operationIn(admin) === 'rebase') await git(directory, ['rebase', '--quit']);
    const checkOut = () => git(directory, ['checkout', '--quiet', '--force', '--detach', commit], repository.access);
    await checkOut();
    let result = await compare(directory, admin, commit);
    if (result.differences.size > 0) {
      // Its index has skip-worktree bits: without one, every file is written.
      removeFile(path.join(admin, 'index'));
      await checkOut();
      result = { ...result, differences: await result.comparison.differences() };
    }
    await git(directory, ['clean', '-ffdx', '--quiet', ...keep.flatMap((pattern) => ['-e', pattern])]);
    return result;
  };
  try {
    return await clean();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
  makeAccessible(directory);
  try {
    return await clean();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return undefined;
  }
}

/** Removes a folder, or moves it aside if it cannot be removed. */
function discard(directory: string): void {
  try {
    removeTree(directory);
  } catch {
    moveFile(directory, `${directory}.left-${Date.now().toString(36)}`);
  }
}

/**
 * The state of a worktree; undefined if the folder is not a worktree itself (being inside another repository does not
 * count).
 * @throws if git cannot read it: it may contain work
 */
export async function inspectWorktree(directory: string): Promise<WorktreeState | undefined> {
  if (!isPresent(path.join(directory, '.git'))) return undefined;
  const { head, branch, changes } = await statusOf(directory);
  const admin = adminFolder(directory);
  return { head, branch, dirty: changes.length > 0, operation: admin === undefined ? undefined : operationIn(admin) };
}

/** Removes a worktree. The caller must have taken a snapshot; refuses if none covers the worktree. */
export async function removeWorktree(repository: RigRepository, directory: string, snapshot: string): Promise<void> {
  await withRepository(repository.directory, async () => {
    const state = await inspectWorktree(directory);
    if (state?.head && !(await repository.isAncestor(state.head, snapshot))) {
      throw new UserError(`${directory} has commits that its snapshot lacks`, 'it was left alone', 'conflict');
    }
    await git(repository.directory, ['worktree', 'remove', '--force', '--force', '--', directory]).catch(
      (error: unknown) => {
        if (!(error instanceof GitError)) throw error;
        // A crash between git's two steps leaves a folder that git no longer knows; a program may leave a read-only
        // one.
        removeLeftOver(directory);
      },
    );
    await pruneWorktrees(repository);
  });
}

function removeLeftOver(directory: string): void {
  try {
    removeTree(directory);
  } catch (error) {
    throw new UserError(
      `${directory} cannot be removed: ${messageOf(error)}`,
      'its content is kept as a snapshot; remove the folder yourself, or take ownership of it',
      'conflict',
    );
  }
}
