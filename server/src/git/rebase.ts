import { messageOf } from '../base/errors';
import { branchLog, squashMessage, type LoggedCommit } from './commitMessage';
import { forkPoint } from './formerTips';
import { git, GitError, gitLine, gitProbe, withRepository, type GitIdentity } from './git';
import { mergeTrees, treeOf } from './mergeTrees';
import { commitTree, replay } from './replay';
import type { RigRepository } from './repository';
import { checkoutDetached } from './worktree';

export type RebaseResult =
  /** The commit that would land. `before`: further commits on top of the target that land with it, oldest first. */
  | { kind: 'clean'; commit: string; before?: readonly string[] }
  /** The target already contains the change, or its commits cancel out. */
  | { kind: 'empty' }
  | { kind: 'conflict'; files: string[] };

/**
 * How the commits of a branch land: `squash`: one commit; `rebase`: each of them, on top of the target; `merge`:
 * unchanged, with one merge commit.
 */
export type CommitShape = 'squash' | 'rebase' | 'merge';

/** Work on a branch, ready to be merged. */
export interface BranchWork {
  tip: string;
  /** Known base commits of the branch: these and their ancestors are other work. */
  bases: readonly string[];
  /** Default: `squash`. */
  shape?: CommitShape;
  /** Feature branch that it lands on, if that is not the rig's own target. */
  target?: string;
  /** Title of the squashed commit or of the merge commit. */
  title: string;
  /** Trailers of that commit in addition to those of the branch, such as `Bead: toy-1`. */
  trailers: readonly string[];
  /** Author of that commit. Default: that of the branch's last commit. */
  author?: GitIdentity;
  /** The key to sign the commit with, if any. */
  signing?: { key: string; format: string };
}

/**
 * Applies the changes of a branch since it diverged from the target on top of `onto`. Commits that were removed from
 * the target since then are not brought back. Nothing is checked out, unless there are conflicts that may have been
 * resolved before.
 */
export async function rebaseOnto(
  repository: RigRepository,
  directory: string,
  work: BranchWork,
  onto: string,
  committer: GitIdentity,
): Promise<RebaseResult> {
  const from = await startOf(repository, work, onto);
  const commits = await branchLog(repository, from, work.tip);
  const outcome = await mergeTrees(repository, from, onto, work.tip);
  let { tree } = outcome;
  let resolved: string | undefined;
  if (outcome.conflicts.length > 0) {
    resolved = await rebaseInWorktree(repository, directory, { from, onto, tip: work.tip }, committer);
    if (resolved === undefined) return { kind: 'conflict', files: outcome.conflicts };
    tree = await treeOf(repository, resolved);
  }
  if (tree === (await treeOf(repository, onto))) return { kind: 'empty' };
  return place(repository, { work, commits, from, onto, tree, resolved, committer });
}

/** A change that applies to its target. */
interface PlacedWork {
  work: BranchWork;
  /** Commits of the branch. */
  commits: readonly LoggedCommit[];
  from: string | undefined;
  onto: string;
  /** The resulting tree. */
  tree: string;
  /** The last of the commits as they were rebased with earlier resolutions. */
  resolved: string | undefined;
  committer: GitIdentity;
}

async function place(repository: RigRepository, placed: PlacedWork): Promise<RebaseResult> {
  switch (placed.work.shape) {
    case 'merge':
      return { kind: 'clean', commit: await mergeCommit(repository, placed) };
    case 'rebase': {
      const replayed = await replaySeries(repository, placed);
      if (replayed === undefined) return { kind: 'clean', commit: await squashCommit(repository, placed) };
      const before = replayed.slice(0, -1);
      return { kind: 'clean', commit: replayed.at(-1)!, ...(before.length > 0 ? { before } : {}) };
    }
    default:
      return { kind: 'clean', commit: await squashCommit(repository, placed) };
  }
}

/** One commit on top of the target. */
async function squashCommit(
  repository: RigRepository,
  { work, commits, from, onto, tree, committer }: PlacedWork,
): Promise<string> {
  const only = commits.length === 1 ? commits[0]! : undefined;
  if (only?.parents === onto && from === onto) return work.tip;
  const { message, author } = only ?? squashed(work, commits);
  const { signing } = work;
  return commitTree(repository, { tree, parents: [onto], message, author, committer, signing });
}

/**
 * The branch's own commits on top of the target.
 * @returns undefined if they do not result in the same files one by one, such as those around a merge with conflicts
 */
async function replaySeries(
  repository: RigRepository,
  { work, commits, onto, tree, resolved, committer }: PlacedWork,
): Promise<string[] | undefined> {
  const series =
    resolved === undefined
      ? await replay(repository, commits, onto, { committer, signing: work.signing, isSigned: true })
      : await replay(repository, await branchLog(repository, onto, resolved), onto, {
          committer,
          signing: work.signing,
          isSigned: false,
        });
  const last = series?.at(-1);
  return last !== undefined && (await treeOf(repository, last)) === tree ? series : undefined;
}

/** A commit that merges the branch, as it is, into the target. */
async function mergeCommit(repository: RigRepository, placed: PlacedWork): Promise<string> {
  const { work, from, onto, tree, committer } = placed;
  // The commits before the branch would be brought back if the target has removed them from its history.
  const isOnTarget = from !== undefined && (await repository.isAncestor(from, onto));
  const tip = isOnTarget
    ? work.tip
    : ((await replaySeries(repository, placed))?.at(-1) ?? (await squashCommit(repository, placed)));
  return commitTree(repository, {
    tree,
    parents: [onto, tip],
    message: squashMessage(`Merge: ${work.title}`, [], work.trailers),
    author: work.author ?? placed.commits.at(-1)?.author ?? committer,
    committer,
    signing: work.signing,
  });
}

/**
 * The commits to squash. Each commit of the target must pass the gates, so a failed attempt and the next one become one
 * commit.
 */
function squashed(work: BranchWork, commits: readonly LoggedCommit[]): { message: string; author: GitIdentity } {
  return { message: squashMessage(work.title, commits, work.trailers), author: work.author ?? commits.at(-1)!.author };
}

/**
 * The base of a branch's own commits: of all commits that are or were on the target, the one nearest to the tip.
 * Undefined without a common ancestor.
 */
async function startOf(repository: RigRepository, work: BranchWork, onto: string): Promise<string | undefined> {
  const { landing, source } = repository;
  const branches = new Set([landing, source.defaultBranch, ...(work.target === undefined ? [] : [work.target])]);
  const refs = [...branches].map((branch) => `refs/remotes/origin/${branch}`);
  const former = await forkPoint(repository, refs, work.tip);
  const shared = await repository.graph.mergeBase(onto, [work.tip]);
  let nearest: { commit: string; distance: number } | undefined;
  for (const commit of new Set([onto, ...work.bases, former, shared])) {
    const distance = commit === undefined ? undefined : await distanceOf(repository, commit, work.tip);
    if (distance !== undefined && (!nearest || distance < nearest.distance)) nearest = { commit: commit!, distance };
  }
  return nearest?.commit;
}

/** Number of commits of a branch on top of a base; undefined if the base is not an ancestor, or no longer exists. */
async function distanceOf(repository: RigRepository, base: string, tip: string): Promise<number | undefined> {
  try {
    const { left, right } = await repository.graph.divergence(base, tip);
    return left === 0 ? right : undefined;
  } catch (error) {
    if ((await repository.resolve(base)) === undefined) return undefined;
    throw error;
  }
}

/** Earlier resolutions of the same conflict, by any agent, are reused: reviews and gates check the result as usual. */
const REUSE_RESOLUTIONS = ['-c', 'rerere.enabled=true', '-c', 'rerere.autoupdate=true'];

/**
 * Rebases in the refinery's worktree, with earlier resolutions of the same conflicts.
 * @returns the last resulting commit; undefined if a conflict remains
 */
async function rebaseInWorktree(
  repository: RigRepository,
  directory: string,
  work: { from: string | undefined; onto: string; tip: string },
  identity: GitIdentity,
): Promise<string | undefined> {
  await checkoutDetached(repository, directory, work.tip);
  return withRepository(repository.directory, async () => {
    const range = work.from === undefined ? ['--onto', work.onto, '--root'] : ['--onto', work.onto, work.from];
    let step = ['rebase', '--quiet', '--no-fork-point', '--empty=drop', '--no-autostash', ...range];
    let stoppedAt: string | undefined;
    for (;;) {
      try {
        await git(directory, [...REUSE_RESOLUTIONS, ...step], { identity });
        return await gitLine(directory, ['rev-parse', 'HEAD']);
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        const unmerged = await gitLine(directory, ['diff', '--name-only', '--diff-filter=U']);
        const commit = await gitProbe(directory, ['rev-parse', '--verify', '--quiet', 'REBASE_HEAD']);
        // Stopped at a conflict that is already resolved, and not at the same one again: continue.
        if (unmerged === '' && commit !== undefined && commit !== stoppedAt) {
          stoppedAt = commit;
          step = ['rebase', '--continue'];
          continue;
        }
        if (/cannot rebase: You have unstaged changes/.test(messageOf(error))) return undefined;
        await git(directory, ['rebase', '--abort']);
        return undefined;
      }
    }
  });
}
