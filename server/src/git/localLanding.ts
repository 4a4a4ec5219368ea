import { git, gitLine, gitProbe, withRepository } from './git';

/**
 * Ref of work that landed without being pushed. It is not a branch: worktrees of agents share this repository and could
 * check a branch out and move it.
 */
export function localRef(branch: string): string {
  return `refs/gastown/landed/${branch}`;
}

/**
 * Moves the ref by compare-and-set, like a push. @returns false if the ref is not at `expected` (undefined = it must
 * not exist)
 */
export function landHere(
  directory: string,
  branch: string,
  commit: string,
  expected: string | undefined,
): Promise<boolean> {
  return withRepository(directory, async () => {
    const ref = localRef(branch);
    if ((await commitAt(directory, ref)) !== expected) return false;
    await git(directory, ['update-ref', '--', ref, commit, expected ?? '']);
    return true;
  });
}

/**
 * Removes the ref of local landings that are now in the source: after a change of the rig's setting they were pushed
 * with the next landing.
 */
export async function forgetPushed(
  directory: string,
  { ref, tip }: { ref: string; tip: string | undefined },
  pushed: string,
): Promise<void> {
  if (tip !== undefined && (await gitLine(directory, ['rev-list', '--count', tip, `^${pushed}`, '--'])) === '0')
    await gitProbe(directory, ['update-ref', '-d', ref, tip]);
}

function commitAt(directory: string, ref: string): Promise<string | undefined> {
  return gitProbe(directory, ['rev-parse', '--verify', '--quiet', ref]);
}
