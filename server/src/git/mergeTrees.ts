import { git, GitError, gitLine, type GitIdentity } from './git';
import type { RigRepository } from './repository';

export function treeOf(repository: RigRepository, commit: string): Promise<string> {
  return repository.graph.tree(commit);
}

const FIXED: GitIdentity = { name: 'Gas Town', email: 'town@gastown.local', date: '@0 +0000' };

/**
 * The tree of `ours` with the changes of `theirs` since `base` (undefined: the empty tree). Git chooses the base of a
 * merge by history alone; two commits with just this history make it choose ours (`merge-tree --merge-base` needs git
 * 2.40).
 */
export async function mergeTrees(
  repository: RigRepository,
  base: string | undefined,
  ours: string,
  theirs: string,
): Promise<{ tree: string; conflicts: string[] }> {
  if (base === ours) return { tree: await treeOf(repository, theirs), conflicts: [] };
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
