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

/** What would land nothing, or would land a folder without its files, goes no further. */
export async function requireChange(repository: RigRepository, bases: readonly string[], head: string): Promise<void> {
  const target = (await repository.mergeBase(head)) ?? bases[0];
  if (target === undefined) return;
  if ((await treeOf(repository, target)) === (await treeOf(repository, head)))
    throw new UserError(
      'there is nothing to merge: the commits on this branch change nothing',
      'commit your work, then "gt done" again',
      'conflict',
    );
  const missing = await missingSubmodules(repository, target, head);
  if (missing.length > 0) throw new UserError(missing.join('\n'), NESTED_HINT, 'conflict');
}
