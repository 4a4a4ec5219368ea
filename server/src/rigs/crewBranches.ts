import path from 'node:path';
import { UserError } from '../base/errors';
import { operationIn } from '../git/adminFolder';
import { git, gitLine, gitProbe } from '../git/git';
import { branchCommits } from '../git/landingBase';
import { isSafeBranch } from '../git/names';
import { inspectWorktree } from '../git/worktree';
import { crewAddress, requireMember } from './crew';
import type { Rig } from './rig';
import { requireChange } from './submission';

/** Commits of a crew member for the merge queue. */
export interface CrewWork {
  /** Branch of the rig's repository that holds them. Changes of the member's own branch do not affect it. */
  branch: string;
  commit: string;
  /** The branch in the member's clone. */
  from: string;
  /** First line of the last commit's message. */
  subject: string;
  /** The branch is checked out, and has uncommitted changes. */
  isDirty: boolean;
}

/** Distinguishes submissions of the same branch. */
type Mark = () => string;

/**
 * Copies a branch of a crew member's clone into the rig's repository. The clone is only read.
 * @param wanted the branch; by default the one that is checked out
 * @throws UserError if there is nothing to merge
 */
export async function takeCrewBranch(
  rig: Rig,
  name: string,
  wanted?: string,
  mark: Mark = () => Date.now().toString(36),
): Promise<CrewWork> {
  const folder = requireMember(rig, name);
  const state = await inspectWorktree(folder);
  const from = wanted ?? state?.branch;
  const member = crewAddress(rig.name, name);
  if (from === undefined)
    throw new UserError(`${member} has no branch checked out`, 'name one: --branch <branch>', 'conflict');
  if (!isSafeBranch(from))
    throw new UserError(`"${from.slice(0, 80)}" is not a name for a branch`, 'see "git help check-ref-format"');
  if ((await gitProbe(folder, ['rev-parse', '--verify', '--quiet', `refs/heads/${from}^{commit}`])) === undefined)
    throw new UserError(`${member} has no branch ${from}`, `see "git -C ${folder} branch"`, 'not-found');
  const isCheckedOut = from === state?.branch;
  const operation = operationIn(path.join(folder, '.git'));
  if (isCheckedOut && operation !== undefined)
    throw new UserError(`a ${operation} is in progress in ${folder}`, 'finish it first', 'conflict');
  const { repository } = rig;
  await rig.landingBase(); // commits that have landed in the meantime are not the member's own work
  const branch = `crew/${name}/${from}@${mark()}`;
  await git(repository.directory, [
    ...['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', folder],
    `refs/heads/${from}:refs/heads/${branch}`,
  ]);
  try {
    const commit = await gitLine(repository.directory, ['rev-parse', '--verify', `refs/heads/${branch}`]);
    const tips = await repository.tips();
    const commits = await branchCommits(repository, tips, commit);
    if (commits.length === 0)
      throw new UserError(
        `there is nothing to merge: ${from} of ${member} has no commit that the target does not have`,
        'commit your work first',
        'conflict',
      );
    await requireChange(repository, await repository.mergeBase(commit, tips), commit);
    const subject = await gitLine(repository.directory, ['log', '-1', '--format=%s', commit, '--']);
    return { branch, commit, from, subject, isDirty: isCheckedOut && state?.dirty === true };
  } catch (error) {
    await dropCrewBranch(rig, branch);
    throw error;
  }
}

/** Removes the copy of a branch that was not submitted after all. */
export async function dropCrewBranch(rig: Rig, branch: string): Promise<void> {
  await git(rig.repository.directory, ['update-ref', '-d', `refs/heads/${branch}`]);
}

/** Removes the copies of branches whose work has landed. */
export async function dropLandedCrewBranches(rig: Rig, hasLanded: (branch: string) => boolean): Promise<void> {
  const refs = await git(rig.repository.directory, [
    'for-each-ref',
    '--format=%(refname:lstrip=2)',
    'refs/heads/crew/',
  ]);
  for (const branch of refs.split('\n').filter(Boolean)) if (hasLanded(branch)) await dropCrewBranch(rig, branch);
}
