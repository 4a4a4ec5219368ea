import type { LoggedCommit } from './commitMessage';
import { gitLine, type GitIdentity } from './git';
import { mergeTrees, treeOf } from './mergeTrees';
import type { RigRepository } from './repository';

/** A key to sign commits with. */
export interface SigningKey {
  key: string;
  format: string;
}

export interface NewCommit {
  tree: string;
  parents: readonly string[];
  message: string;
  author: GitIdentity;
  committer: GitIdentity;
  signing?: SigningKey | undefined;
}

/** Creates a commit without a checkout. @returns its hash */
export function commitTree(repository: RigRepository, commit: NewCommit): Promise<string> {
  const { tree, parents, message, author, committer, signing } = commit;
  const sign = signing ? [`-S${signing.key}`] : [];
  return gitLine(
    repository.directory,
    ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), ...sign, '-m', message],
    { identity: committer, author, config: signing ? [`gpg.format=${signing.format}`] : [] },
  );
}

export interface ReplayOptions {
  committer: GitIdentity;
  signing?: SigningKey | undefined;
  /** The commits have their authors' signatures: one that is already on the right parent is kept. */
  isSigned: boolean;
}

/**
 * Applies commits one after another, without a checkout, with their authors, dates and messages. Changes that are
 * already on the target are left out.
 * @param commits oldest first, without merges
 * @returns the new commits, oldest first; undefined if one does not apply
 */
export async function replay(
  repository: RigRepository,
  commits: readonly LoggedCommit[],
  onto: string,
  { committer, signing, isSigned }: ReplayOptions,
): Promise<string[] | undefined> {
  const made: string[] = [];
  let tip = onto;
  for (const { hash, parents, message, author } of commits) {
    if (parents === tip && (isSigned || !signing)) made.push((tip = hash));
    else {
      const { tree, conflicts } = await mergeTrees(repository, parents.split(' ')[0] || undefined, tip, hash);
      if (conflicts.length > 0) return undefined;
      if (tree === (await treeOf(repository, tip))) continue;
      tip = await commitTree(repository, { tree, parents: [tip], message, author, committer, signing });
      made.push(tip);
    }
  }
  return made;
}
