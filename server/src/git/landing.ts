import { UserError, messageOf } from '../base/errors';
import { git, gitLine, gitMaybe, withRepository, type GitIdentity } from './git';
import type { RigRepository } from './repository';
import { checkoutDetached } from './worktree';

/** What the next landing stands on. */
export interface LandingBase {
  /** Commit that work is rebased on. */
  commit: string;
  /** What the landing branch must still be when we push; undefined = it must not exist. */
  expected: string | undefined;
}

/**
 * For a rig made from a folder the person's branch may have moved on since the last landing:
 * its commits come first, merged with what has landed where the two have parted.
 */
export async function landingBase(repository: RigRepository, identity: GitIdentity): Promise<LandingBase> {
  await repository.fetchMoved();
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
  } catch {
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

export type RebaseResult = { kind: 'clean'; commit: string } | { kind: 'conflict'; files: string[] };

/** How a conflict was resolved once, by whichever agent, is used again: reviews and gates see the outcome like any other. */
const REUSE_RESOLUTIONS = ['-c', 'rerere.enabled=true', '-c', 'rerere.autoupdate=true'];

/** Rebases a branch onto a commit in the refinery's worktree; authors are kept, the refinery is the committer. */
export async function rebaseOnto(
  repository: RigRepository,
  directory: string,
  tip: string,
  base: string,
  identity: GitIdentity,
): Promise<RebaseResult> {
  await checkoutDetached(repository, directory, tip);
  if (await repository.isAncestor(base, tip)) return { kind: 'clean', commit: tip };
  return withRepository(repository.directory, async () => {
    let step = ['rebase', '--quiet', '--no-fork-point', '--empty=drop', '--no-autostash', base];
    let stoppedAt: string | undefined;
    for (;;) {
      try {
        await git(directory, [...REUSE_RESOLUTIONS, ...step], { identity });
        return { kind: 'clean', commit: await gitLine(directory, ['rev-parse', 'HEAD']) };
      } catch (error) {
        const files = ((await gitMaybe(directory, ['diff', '--name-only', '--diff-filter=U', '-z'])) ?? '')
          .split('\0')
          .filter(Boolean);
        const commit = await gitMaybe(directory, ['rev-parse', '--verify', '--quiet', 'REBASE_HEAD']);
        // Stopped at a conflict that is resolved already, and not at the same one again: it goes on.
        if (files.length === 0 && commit !== undefined && commit !== stoppedAt) {
          stoppedAt = commit;
          step = ['rebase', '--continue'];
          continue;
        }
        await gitMaybe(directory, ['rebase', '--abort']);
        if (files.length > 0) return { kind: 'conflict', files };
        throw new UserError(`cannot rebase ${tip.slice(0, 10)}: ${messageOf(error).trim()}`, undefined, 'unavailable');
      }
    }
  });
}

/**
 * Makes one commit of a branch that has several, so that each commit of the target is one that its gates passed:
 * an attempt that failed, and the next one that mended it, are not both there to be checked out.
 * @returns the commit itself where it is the only one on top of `base`
 */
export async function squash(
  repository: RigRepository,
  commit: string,
  base: string,
  message: string,
  author: GitIdentity,
  committer: GitIdentity,
): Promise<string> {
  if ((await repository.countCommits(base, commit)) <= 1) return commit;
  const tree = await gitLine(repository.directory, ['rev-parse', `${commit}^{tree}`]);
  return gitLine(repository.directory, ['commit-tree', tree, '-p', base, '-m', message], {
    identity: committer,
    author,
  });
}

/** Files that differ from the commit in a worktree that should hold exactly it. */
export async function changedFiles(directory: string): Promise<string[]> {
  const text = await git(directory, ['status', '--porcelain', '--branch', '-z', '--untracked-files=no']);
  return text
    .split('\0')
    .filter((entry) => entry !== '' && !entry.startsWith('##'))
    .map((entry) => entry.slice(3));
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

/** How far a folder's checkout is behind what has landed in it; undefined where that cannot be fast-forwarded. */
export async function fastForwardState(
  repository: RigRepository,
): Promise<{ commits: number; clean: boolean } | undefined> {
  const { source, landing } = repository;
  if (!source.isFolder) return undefined;
  const folder = source.location;
  if ((await gitMaybe(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD'])) !== source.defaultBranch)
    return undefined;
  const landed = await gitMaybe(folder, ['rev-parse', '--verify', '--quiet', `refs/heads/${landing}`]);
  if (!landed) return undefined;
  const head = await gitMaybe(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  if (head && (await gitLine(folder, ['rev-list', '--count', head, `^${landed}`, '--'])) !== '0') return undefined;
  const commits = Number(await gitLine(folder, ['rev-list', '--count', landed, ...(head ? [`^${head}`] : []), '--']));
  if (commits === 0) return undefined;
  const clean = (await git(folder, ['status', '--porcelain', '--untracked-files=no'])).trim() === '';
  return { commits, clean };
}

/** Brings a folder's checkout to what has landed. Git itself refuses to overwrite anything. */
export async function fastForward(repository: RigRepository): Promise<number> {
  const state = await fastForwardState(repository);
  if (!state) throw new UserError(`${repository.source.location} has nothing to fast-forward`, undefined, 'conflict');
  if (!state.clean)
    throw new UserError(
      `${repository.source.location} has uncommitted changes`,
      'commit or stash them first',
      'conflict',
    );
  try {
    await git(repository.source.location, ['merge', '--ff-only', '--quiet', `refs/heads/${repository.landing}`]);
  } catch (error) {
    throw new UserError(
      `cannot fast-forward ${repository.source.location}: ${messageOf(error).trim()}`,
      'nothing was changed',
      'conflict',
    );
  }
  return state.commits;
}
