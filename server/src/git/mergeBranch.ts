import { git, GitError, type GitIdentity } from './git';
import type { BranchWork, RebaseResult } from './rebase';
import { commitTree } from './replay';
import type { RigRepository } from './repository';

/**
 * Merges a whole branch, with its history, by one commit on top of `onto`. `empty`: it is already contained.
 * @param work `title`: title of the commit
 */
export async function mergeBranch(
  repository: RigRepository,
  work: Pick<BranchWork, 'tip' | 'title' | 'trailers' | 'signing'>,
  onto: string,
  committer: GitIdentity,
): Promise<RebaseResult> {
  if (await repository.isAncestor(work.tip, onto)) return { kind: 'empty' };
  const merge = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', onto, work.tip];
  let tree: string;
  try {
    tree = (await git(repository.directory, merge)).split('\0')[0]!.trim();
  } catch (error) {
    if (!(error instanceof GitError && error.exitCode === 1)) throw error;
    return { kind: 'conflict', files: [...new Set(error.stdout.split('\0').filter(Boolean).slice(1))] };
  }
  const message = [work.title, work.trailers.join('\n')].filter(Boolean).join('\n\n');
  const parents = [onto, work.tip];
  const { signing } = work;
  return {
    kind: 'clean',
    commit: await commitTree(repository, { tree, parents, message, author: committer, committer, signing }),
  };
}
