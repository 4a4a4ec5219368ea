import { git, gitProbe, withRepository } from './git';
import type { RigRepository } from './repository';

/**
 * What has landed on a branch without being pushed. It is no branch: the worktrees of agents share this repository, and could
 * check one out and move it.
 */
export function localRef(branch: string): string {
  return `refs/gastown/landed/${branch}`;
}

/** Compare and set, like a push. @returns false where the ref is not at `expected` (undefined = it must not exist) */
export function landHere(
  repository: RigRepository,
  branch: string,
  commit: string,
  expected: string | undefined,
): Promise<boolean> {
  const { directory } = repository;
  return withRepository(directory, async () => {
    const ref = localRef(branch);
    if ((await repository.resolve(ref)) !== expected) return false;
    await git(directory, ['update-ref', '--', ref, commit, expected ?? '']);
    return true;
  });
}

/** What was not pushed is now in the source: after the rig's setting has changed, it went along with the next landing. */
export async function forgetPushed(repository: RigRepository, branch: string, pushed: string): Promise<void> {
  const ref = localRef(branch);
  const here = await repository.resolve(ref);
  if (here !== undefined && (await repository.isAncestor(here, pushed)))
    await gitProbe(repository.directory, ['update-ref', '-d', ref, here]);
}
