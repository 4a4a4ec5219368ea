import { messageOf } from '../base/errors';
import { branchLog, squashMessage, type LoggedCommit } from './commitMessage';
import { git, GitError, gitLine, gitProbe, withRepository, type GitIdentity } from './git';
import type { RigRepository } from './repository';
import { checkoutDetached } from './worktree';

export type RebaseResult =
  /** The one commit on top of the target that would land. */
  | { kind: 'clean'; commit: string }
  /** The target has all of it already, or its commits undo one another. */
  | { kind: 'empty' }
  | { kind: 'conflict'; files: string[] };

/** Work on a branch, ready to be merged. */
export interface BranchWork {
  tip: string;
  /** Commits that the branch is known to stand on: they, and what they stand on, are others' work. */
  bases: readonly string[];
  /** Feature branch that it lands on, where that is not the rig's own target. */
  target?: string;
  /** Title of the commit that several become. */
  title: string;
  /** Trailers of that commit beside those of the branch, such as `Bead: toy-1`. */
  trailers: readonly string[];
  /** Author of that commit. */
  author: GitIdentity;
  /** The key to sign it with, where it is to be signed. */
  signing?: { key: string; format: string };
}

/**
 * Makes one commit, on top of `onto`, of what a branch has changed since it left the target. What the target had then and
 * has no more (somebody has removed it, or rewritten the history) does not come back with it. Nothing is checked out,
 * unless there are conflicts that may have been resolved before.
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
  let tree = outcome.tree;
  if (outcome.conflicts.length > 0) {
    const again = await rebaseInWorktree(repository, directory, { from, onto, tip: work.tip }, committer);
    if (again === undefined) return { kind: 'conflict', files: outcome.conflicts };
    tree = again;
  }
  if (tree === (await treeOf(repository, onto))) return { kind: 'empty' };
  const only = commits.length === 1 ? commits[0]! : undefined;
  if (only?.parents === onto && from === onto) return { kind: 'clean', commit: work.tip };
  const { message, author } = only ?? squashed(work, commits);
  const { signing } = work;
  const sign = signing ? [`-S${signing.key}`] : [];
  const commit = await gitLine(repository.directory, ['commit-tree', tree, '-p', onto, ...sign, '-m', message], {
    identity: committer,
    author,
    config: signing ? [`gpg.format=${signing.format}`] : [],
  });
  return { kind: 'clean', commit };
}

/** Each commit of the target is one that its gates passed: an attempt that failed, and the next one, become one commit. */
function squashed(work: BranchWork, commits: readonly LoggedCommit[]): { message: string; author: GitIdentity } {
  return { message: squashMessage(work.title, commits, work.trailers), author: work.author };
}

/**
 * The commit after which a branch's own commits begin: of all that are known to be the target's, now or at any earlier time,
 * the one that is nearest to the tip. Undefined where the branch shares nothing with the target.
 */
async function startOf(repository: RigRepository, work: BranchWork, onto: string): Promise<string | undefined> {
  const { directory } = repository;
  const { landing, source } = repository;
  const branches = new Set([landing, source.defaultBranch, ...(work.target === undefined ? [] : [work.target])]);
  const former = await Promise.all(
    // By the reflog: also where the target was rewritten since.
    [...branches].map(async (branch) => {
      const ref = `refs/remotes/origin/${branch}`;
      if (!(await repository.resolve(ref))) return undefined;
      const fork = await gitProbe(directory, ['merge-base', '--fork-point', ref, work.tip]);
      return fork === work.tip ? undefined : fork; // it was merged before, and taken back
    }),
  );
  const shared = await gitProbe(directory, ['merge-base', onto, work.tip]);
  let nearest: { commit: string; distance: number } | undefined;
  for (const commit of new Set([onto, ...work.bases, ...former, shared])) {
    if (commit === undefined || !(await isKnownAncestor(repository, commit, work.tip))) continue;
    const distance = await repository.countCommits(commit, work.tip);
    if (!nearest || distance < nearest.distance) nearest = { commit, distance };
  }
  return nearest?.commit;
}

/** False too for a commit that is not here any more. */
async function isKnownAncestor(repository: RigRepository, commit: string, tip: string): Promise<boolean> {
  return (await repository.resolve(commit)) !== undefined && (await repository.isAncestor(commit, tip));
}

/**
 * Merges a whole branch, with its history, by one commit on top of `onto`. `empty`: it is in there already.
 * @param title of the commit
 */
export async function mergeBranch(
  repository: RigRepository,
  work: Pick<BranchWork, 'tip' | 'title' | 'trailers' | 'signing'>,
  onto: string,
  committer: GitIdentity,
): Promise<RebaseResult> {
  const { directory } = repository;
  if (await repository.isAncestor(work.tip, onto)) return { kind: 'empty' };
  const merge = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', onto, work.tip];
  let tree: string;
  try {
    tree = (await git(directory, merge)).split('\0')[0]!.trim();
  } catch (error) {
    if (!(error instanceof GitError && error.exitCode === 1)) throw error;
    return { kind: 'conflict', files: [...new Set(error.stdout.split('\0').filter(Boolean).slice(1))] };
  }
  const { signing } = work;
  const message = [work.title, work.trailers.join('\n')].filter(Boolean).join('\n\n');
  const parents = ['-p', onto, '-p', work.tip];
  const sign = signing ? [`-S${signing.key}`] : [];
  const commit = await gitLine(directory, ['commit-tree', tree, ...parents, ...sign, '-m', message], {
    identity: committer,
    config: signing ? [`gpg.format=${signing.format}`] : [],
  });
  return { kind: 'clean', commit };
}

export function treeOf(repository: RigRepository, commit: string): Promise<string> {
  return gitLine(repository.directory, ['rev-parse', `${commit}^{tree}`]);
}

const FIXED: GitIdentity = { name: 'Gas Town', email: 'town@gastown.local', date: '@0 +0000' };

/**
 * The tree of `ours` with what `theirs` has changed since `base` (undefined: since nothing). Git chooses the base of a merge
 * by history alone; two commits with just this history make it choose ours (`merge-tree --merge-base` needs git 2.40).
 */
async function mergeTrees(
  repository: RigRepository,
  base: string | undefined,
  ours: string,
  theirs: string,
): Promise<{ tree: string; conflicts: string[] }> {
  const { directory } = repository;
  const commit = (tree: string, parent: string | undefined): Promise<string> =>
    gitLine(directory, ['commit-tree', tree, ...(parent ? ['-p', parent] : []), '-m', 'Merge'], { identity: FIXED });
  const parent =
    base ?? (await commit(await gitLine(directory, ['hash-object', '-t', 'tree', '-w', '--', '/dev/null']), undefined));
  const [left, right] = [
    await commit(await treeOf(repository, ours), parent),
    await commit(await treeOf(repository, theirs), parent),
  ];
  const merge = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', left, right];
  try {
    return { tree: (await git(directory, merge)).split('\0')[0]!.trim(), conflicts: [] };
  } catch (error) {
    if (!(error instanceof GitError && error.exitCode === 1)) throw error;
    const [tree, ...files] = error.stdout.split('\0').filter(Boolean);
    return { tree: tree!, conflicts: [...new Set(files)] };
  }
}

/** How a conflict was resolved once, by whichever agent, is used again: reviews and gates see the outcome like any other. */
const REUSE_RESOLUTIONS = ['-c', 'rerere.enabled=true', '-c', 'rerere.autoupdate=true'];

/**
 * Rebases in the refinery's worktree, with earlier resolutions of the same conflicts.
 * @returns the tree that came out; undefined where a conflict is left
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
        return await gitLine(directory, ['rev-parse', 'HEAD^{tree}']);
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        const unmerged = await gitLine(directory, ['diff', '--name-only', '--diff-filter=U']);
        const commit = await gitProbe(directory, ['rev-parse', '--verify', '--quiet', 'REBASE_HEAD']);
        // Stopped at a conflict that is resolved already, and not at the same one again: it goes on.
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
