import { UserError } from '../base/errors';
import { plural } from '../base/text';
import { missingSubmodules } from '../git/gitlinks';
import { branchCommits } from '../git/landingBase';
import { nestedRepositories } from '../git/nestedRepositories';
import { treeOf } from '../git/mergeTrees';
import type { RigRepository } from '../git/repository';
import { submodulesOf } from '../git/submodules';
import { inspectWorktree } from '../git/worktree';

const NESTED_HINT =
  'make its files part of this repository (remove the .git inside it, "git rm -r --cached" it, add and commit it again); or push it to a remote, and name it and its commit as a submodule; or remove it';

/** Refuses repositories inside the worktree, whose files are in none of its commits. */
async function refuseNested(
  repository: RigRepository,
  nested: ReturnType<typeof nestedRepositories>,
  head: string,
): Promise<void> {
  const named = new Set((await submodulesOf(repository, head)).map((submodule) => submodule.path));
  const unnamed = (await nested).map(({ folder }) => folder).filter((folder) => !named.has(folder));
  if (unnamed.length > 0)
    throw new UserError(
      `${unnamed.join(', ')} ${unnamed.length === 1 ? 'is a git repository' : 'are git repositories'} inside the worktree: their content would not be merged`,
      NESTED_HINT,
      'conflict',
    );
}

const NO_CHANGE_HINT =
  'commit your work, then "gt done" again; if nothing has to change, give the reason: "gt done --status no-change -m <why>"';

/** Whether a branch has exactly the files of its base. */
async function isUnchanged(repository: RigRepository, target: string | undefined, head: string): Promise<boolean> {
  return target !== undefined && (await treeOf(repository, target)) === (await treeOf(repository, head));
}

/** Refuses work that would land nothing, or a folder without its files. */
export async function requireChange(
  repository: RigRepository,
  target: string | undefined,
  head: string,
): Promise<void> {
  if (target === undefined) return;
  if (await isUnchanged(repository, target, head))
    throw new UserError(
      'there is nothing to merge: the commits on this branch change nothing',
      NO_CHANGE_HINT,
      'conflict',
    );
  const missing = await missingSubmodules(repository, target, head);
  if (missing.length > 0) throw new UserError(missing.join('\n'), NESTED_HINT, 'conflict');
}

/** Submitted work of an agent. */
export interface SubmittedWork {
  branch: string;
  /** Commits that the branch was created from, or rebased onto. */
  bases: readonly string[];
  authors: readonly string[];
  /** The agent states that nothing has to change. */
  isUnchanged?: boolean;
  /** It merges the target into a feature branch, possibly without a change of its files. */
  isMerge?: boolean;
}

/** Starts a check whose failure counts only once it is awaited. */
function begun<T>(check: Promise<T>): Promise<T> {
  check.catch(() => undefined);
  return check;
}

/**
 * Checks that the work in a worktree can be merged, or that there is none. The agent waits: what git has to be asked is
 * asked at the same time, and reported in the order of the checks.
 * @throws UserError that tells the agent what to do
 */
export async function checkSubmission(
  repository: RigRepository,
  directory: string,
  work: SubmittedWork,
): Promise<{ commit: string }> {
  const nested = begun(nestedRepositories(directory));
  const state = await inspectWorktree(directory);
  if (!state?.head) throw new UserError(`the worktree ${directory} is gone`, 'a person has to check it', 'not-found');
  if (state.operation !== undefined)
    throw new UserError(
      `a ${state.operation} is in progress`,
      `continue it with "git ${state.operation} --continue", or abort it with "git ${state.operation} --abort"`,
      'conflict',
    );
  if (state.branch !== work.branch) {
    throw new UserError(
      `the worktree is on ${state.branch ?? 'a detached commit'}, not on ${work.branch}`,
      `run "git switch ${work.branch}" and bring your commits there`,
      'conflict',
    );
  }
  await refuseNested(repository, nested, state.head);
  if (state.dirty)
    throw new UserError(
      'there are uncommitted changes',
      'commit what belongs to the work and remove the rest, then "gt done" again',
      'conflict',
    );
  // Commits from a rebase onto the target are not the agent's own.
  const tips = await repository.tips();
  const target = (await repository.mergeBase(state.head, tips)) ?? work.bases[0];
  const change = work.isMerge || work.isUnchanged ? undefined : begun(requireChange(repository, target, state.head));
  const commits = await branchCommits(repository, [...work.bases, ...tips], state.head);
  if (work.isUnchanged === true) {
    if (commits.length > 0 && !(await isUnchanged(repository, target, state.head)))
      throw new UserError(
        `there is a change: ${plural(commits.length, 'commit')} on this branch`,
        'submit it with "gt done", or revert it with "git reset --hard" to the commit that the branch was created from',
        'conflict',
      );
    return { commit: state.head };
  }
  if (commits.length === 0)
    throw new UserError('there is nothing to merge: no commit on this branch', NO_CHANGE_HINT, 'conflict');
  const foreign = commits.find((commit) => !work.authors.includes(commit.author));
  if (foreign) {
    throw new UserError(
      `commit ${foreign.hash.slice(0, 10)} is by "${foreign.author}", not by ${work.authors[0]}`,
      'amend it with "git commit --amend --reset-author --no-edit" (GIT_AUTHOR_NAME is set for you)',
      'refused',
    );
  }
  await change;
  return { commit: state.head };
}
