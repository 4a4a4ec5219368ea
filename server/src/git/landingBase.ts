import { UserError } from '../base/errors';
import { git, gitLine, GitError, type GitIdentity } from './git';
import { keptRef } from './featureBranch';
import { mergeBranch } from './rebase';
import type { RigRepository } from './repository';

/** What the next landing stands on. */
export interface LandingBase {
  /** Commit that work is rebased on. */
  commit: string;
  /** Branch that it lands on; the rig's own target where it is missing. */
  branch?: string;
  /** Expected tip of that branch, for the compare-and-set push; undefined = it must not exist. */
  expected: string | undefined;
}

/** Tip of a feature branch; one that somebody has deleted from the source is where this town last pushed it. */
export async function featureTip(repository: RigRepository, branch: string): Promise<string | undefined> {
  return (await repository.resolve(`refs/remotes/origin/${branch}`)) ?? (await repository.resolve(keptRef(branch)));
}

/**
 * What the next landing on a feature branch stands on. The branch begins where the rig's own target is, and what lands there
 * later comes in with the next bead: beads may depend on it. Where the two conflict, the branch goes on alone until it lands.
 * One that somebody has deleted from the source goes on from where it was.
 */
export async function featureBase(
  repository: RigRepository,
  branch: string,
  identity: GitIdentity,
): Promise<LandingBase> {
  await repository.fetchMoved(branch);
  const expected = await repository.resolve(`refs/remotes/origin/${branch}`);
  const tip = await featureTip(repository, branch);
  const { commit: target } = await targetBase(repository, identity);
  if (!tip || (await repository.isAncestor(tip, target))) return { commit: target, branch, expected };
  const title = `Merge ${repository.landing} into ${branch}`;
  const merged = await mergeBranch(repository, { tip: target, title, trailers: [] }, tip, identity);
  return { commit: merged.kind === 'clean' ? merged.commit : tip, branch, expected };
}

/**
 * For a rig made from a folder the person's branch may have moved on since the last landing:
 * its commits come first, merged with what has landed where the two have parted.
 */
export async function landingBase(repository: RigRepository, identity: GitIdentity): Promise<LandingBase> {
  await repository.fetchMoved();
  return targetBase(repository, identity);
}

async function targetBase(repository: RigRepository, identity: GitIdentity): Promise<LandingBase> {
  const [landed, mainline] = await Promise.all(
    [repository.landing, repository.source.defaultBranch].map((branch) =>
      repository.resolve(`refs/remotes/origin/${branch}`),
    ),
  );
  if (!landed && !mainline)
    throw new UserError(
      `${repository.source.location} has no branch ${repository.source.defaultBranch}`,
      undefined,
      'not-found',
    );
  if (!landed) return { commit: mainline!, expected: undefined };
  if (!mainline || (await repository.isAncestor(mainline, landed))) return { commit: landed, expected: landed };
  if (await repository.isAncestor(landed, mainline)) return { commit: mainline, expected: landed };
  return { commit: await mergeCommits(repository, landed, mainline, identity), expected: landed };
}

async function mergeCommits(
  repository: RigRepository,
  ours: string,
  theirs: string,
  identity: GitIdentity,
): Promise<string> {
  let tree: string;
  try {
    tree = (await gitLine(repository.directory, ['merge-tree', '--write-tree', ours, theirs])).split('\n')[0]!;
  } catch (error) {
    if (!(error instanceof GitError && error.exitCode === 1)) throw error;
    throw new UserError(
      `${repository.source.defaultBranch} and ${repository.landing} of ${repository.source.location} have parted and conflict`,
      `merge ${repository.landing} into ${repository.source.defaultBranch} by hand`,
      'conflict',
    );
  }
  const { defaultBranch } = repository.source;
  return gitLine(
    repository.directory,
    ['commit-tree', tree, '-p', ours, '-p', theirs, '-m', `Merge ${defaultBranch} into ${repository.landing}`],
    { identity },
  );
}

export interface BranchCommit {
  hash: string;
  author: string;
  subject: string;
}

/** Commits of a branch that none of the bases has, newest first. */
export async function branchCommits(
  repository: RigRepository,
  bases: readonly string[],
  tip: string,
): Promise<BranchCommit[]> {
  const text = await git(repository.directory, [
    'log',
    '--format=%H%x1f%an%x1f%s%x1e',
    tip,
    ...bases.map((base) => `^${base}`),
    '--',
  ]);
  return text
    .split('\x1e')
    .map((entry) => entry.trim())
    .filter(Boolean)
    .map((entry) => {
      const [hash, author, subject] = entry.split('\x1f');
      return { hash: hash!, author: author!, subject: subject ?? '' };
    });
}
