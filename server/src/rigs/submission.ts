import { UserError } from '../base/errors';
import { missingSubmodules } from '../git/gitlinks';
import { nestedRepositories } from '../git/nestedRepositories';
import { treeOf } from '../git/rebase';
import type { RigRepository } from '../git/repository';
import { submodulesOf } from '../git/submodules';

const NESTED_HINT =
  'make its files a part of this repository (remove the .git inside it, "git rm -r --cached" it, add and commit it again); or push it to a remote, and name it and its commit as a submodule; or remove it';

/** The files of a repository inside the worktree are in none of its commits. */
export async function refuseNested(repository: RigRepository, directory: string, head: string): Promise<void> {
  const named = new Set((await submodulesOf(repository, head)).map((submodule) => submodule.path));
  const nested = (await nestedRepositories(directory)).map(({ folder }) => folder);
  const unnamed = nested.filter((folder) => !named.has(folder));
  if (unnamed.length > 0)
    throw new UserError(
      `${unnamed.join(', ')} ${unnamed.length === 1 ? 'is a git repository' : 'are git repositories'} inside the worktree: what is in there would not be merged`,
      NESTED_HINT,
      'conflict',
    );
}

export const NO_CHANGE_HINT =
  'commit your work, then "gt done" again; if nothing has to change, say why: "gt done --status no-change -m <why>"';

async function targetOf(
  repository: RigRepository,
  bases: readonly string[],
  head: string,
): Promise<string | undefined> {
  return (await repository.mergeBase(head)) ?? bases[0];
}

/** Whether a branch holds the very files that it was made from. */
export async function isUnchanged(repository: RigRepository, bases: readonly string[], head: string): Promise<boolean> {
  const target = await targetOf(repository, bases, head);
  return target !== undefined && (await treeOf(repository, target)) === (await treeOf(repository, head));
}

/** What would land nothing, or would land a folder without its files, goes no further. */
export async function requireChange(repository: RigRepository, bases: readonly string[], head: string): Promise<void> {
  const target = await targetOf(repository, bases, head);
  if (target === undefined) return;
  if (await isUnchanged(repository, bases, head))
    throw new UserError(
      'there is nothing to merge: the commits on this branch change nothing',
      NO_CHANGE_HINT,
      'conflict',
    );
  const missing = await missingSubmodules(repository, target, head);
  if (missing.length > 0) throw new UserError(missing.join('\n'), NESTED_HINT, 'conflict');
}
