import { UserError } from '../base/errors';
import { git, gitLine, GitError, type GitIdentity } from './git';
import { localRef } from './localLanding';
import { keptRef } from './featureBranch';
import { mergeBranch } from './mergeBranch';
import type { RigRepository } from './repository';

/** The base of the next landing. */
export interface LandingBase {
  /** Commit that work is rebased on. */
  commit: string;
  /** Target branch; by default the rig's own target. */
  branch?: string;
  /** Expected tip of that branch, for the compare-and-set push; undefined = it must not exist. */
  expected: string | undefined;
}

/** Tip of a feature branch; if it was deleted from the source, the tip that this town last pushed. */
export async function featureTip(repository: RigRepository, branch: string): Promise<string | undefined> {
  const refs = [repository.targetRef(branch), localRef(branch), `refs/remotes/origin/${branch}`, keptRef(branch)];
  return (await repository.commitsAt(refs)).values().next().value;
}

/**
 * The base of the next landing on a feature branch. The branch starts at the rig's own target, and later landings there
 * are merged in with the next bead, because beads may depend on them. If the two conflict, the branch continues alone
 * until it lands. If it was deleted from the source, it continues from its last tip.
 */
export async function featureBase(
  repository: RigRepository,
  branch: string,
  identity: GitIdentity,
): Promise<LandingBase> {
  await repository.fetchMoved(branch);
  const expected = await repository.resolve(repository.targetRef(branch));
  const tip = await featureTip(repository, branch);
  const { commit: target } = await targetBase(repository, identity);
  if (!tip || (await repository.isAncestor(tip, target))) return { commit: target, branch, expected };
  const title = `Merge ${repository.landing} into ${branch}`;
  const merged = await mergeBranch(repository, { tip: target, title, trailers: [] }, tip, identity);
  return { commit: merged.kind === 'clean' ? merged.commit : tip, branch, expected };
}

/**
 * For a rig made from a folder, the user's branch may have new commits since the last landing: the base contains them,
 * merged with the landed work if the two have diverged.
 */
export async function landingBase(repository: RigRepository, identity: GitIdentity): Promise<LandingBase> {
  await repository.fetchMoved();
  return targetBase(repository, identity);
}

async function targetBase(repository: RigRepository, identity: GitIdentity): Promise<LandingBase> {
  const { landing, source } = repository;
  const named = [
    [repository.landsHere ? `local ${landing}` : landing, repository.targetRef()],
    [`local ${landing}`, localRef(landing)],
    [landing, `refs/remotes/origin/${landing}`],
    [source.defaultBranch, `refs/remotes/origin/${source.defaultBranch}`],
  ] as const;
  const tips = await repository.commitsAt([...new Set(named.map(([, ref]) => ref))]);
  const expected = tips.get(repository.targetRef());
  const known = new Map<string, string>();
  for (const [name, ref] of named) {
    const tip = tips.get(ref);
    if (tip !== undefined && !known.has(tip)) known.set(tip, name);
  }
  let base: { commit: string; name: string } | undefined;
  for (const [commit, name] of known) {
    if (!base || (await repository.isAncestor(base.commit, commit))) base = { commit, name };
    else if (!(await repository.isAncestor(commit, base.commit)))
      base = { commit: await mergeCommits(repository, base, { commit, name }, identity), name: base.name };
  }
  if (!base) throw new UserError(`${source.location} has no branch ${source.defaultBranch}`, undefined, 'not-found');
  return { commit: base.commit, expected };
}

async function mergeCommits(
  repository: RigRepository,
  ours: { commit: string; name: string },
  theirs: { commit: string; name: string },
  identity: GitIdentity,
): Promise<string> {
  let tree: string;
  try {
    tree = (await gitLine(repository.directory, ['merge-tree', '--write-tree', ours.commit, theirs.commit])).split(
      '\n',
    )[0]!;
  } catch (error) {
    if (!(error instanceof GitError && error.exitCode === 1)) throw error;
    throw new UserError(
      `${theirs.name} and ${ours.name} of ${repository.source.location} have diverged and conflict`,
      `merge ${ours.name} into ${theirs.name} by hand`,
      'conflict',
    );
  }
  return gitLine(
    repository.directory,
    ['commit-tree', tree, '-p', ours.commit, '-p', theirs.commit, '-m', `Merge ${theirs.name} into ${ours.name}`],
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
