import { messageOf, UserError } from '../base/errors';
import { git, GitError, NETWORK_TIMEOUT_MS, type GitOptions } from './git';
import { remoteLines } from './messages';
import type { RepositorySource } from './source';

/**
 * Pushes one commit to a branch by compare-and-set: only while the branch is at `expected` (undefined = it must not
 * exist).
 * @param access how the repository reaches `origin`
 * @throws GitError in any other case: the caller has to find out what happened
 */
export async function compareAndSetPush(
  directory: string,
  { commit, branch, expected }: { commit: string; branch: string; expected: string | undefined },
  access: Pick<GitOptions, 'config' | 'env'>,
): Promise<void> {
  await git(
    directory,
    [
      'push',
      '--porcelain',
      '--progress',
      '--atomic',
      '--no-verify',
      '--recurse-submodules=no',
      `--force-with-lease=refs/heads/${branch}:${expected ?? ''}`,
      'origin',
      `${commit}:refs/heads/${branch}`,
    ],
    { ...access, timeoutMs: NETWORK_TIMEOUT_MS },
  );
}

/** Deletes a branch, only while it is at `expected`. @throws GitError in any other case */
export async function compareAndSetDelete(
  directory: string,
  { branch, expected }: { branch: string; expected: string },
  access: Pick<GitOptions, 'config' | 'env'>,
): Promise<void> {
  const lease = `--force-with-lease=refs/heads/${branch}:${expected}`;
  await git(directory, ['push', '--porcelain', '--no-verify', lease, 'origin', `:refs/heads/${branch}`], {
    ...access,
    timeoutMs: NETWORK_TIMEOUT_MS,
  });
}

/** The error for a failed push to a branch: `refused` if a retry would fail as well. */
export function pushError(error: unknown, source: RepositorySource, branch: string): UserError {
  const { location, defaultBranch } = source;
  const reason = error instanceof GitError ? rejectionOf(error) : undefined;
  if (reason !== undefined && /checked out/.test(reason))
    return new UserError(
      `${location} has ${branch} checked out, so nothing can land there`,
      `switch the folder to ${defaultBranch} or another branch`,
      'conflict',
    );
  if (reason !== undefined && !PASSING_REJECTION.test(reason)) {
    const said = error instanceof GitError ? remoteLines(error.stderr) : '';
    return new UserError(
      [`${location} refuses the push to ${branch}: ${reason}`, said].filter(Boolean).join('\n'),
      'fix what the remote rejects, or get permission to push there',
      'refused',
    );
  }
  return new UserError(
    `cannot push to ${branch} of ${location}: ${messageOf(error).trim()}`,
    'check that you may push there',
    'unavailable',
  );
}

/** Rejections that mean a temporary problem of the remote, not a refusal of this push. */
const PASSING_REJECTION =
  /lock|failed to update ref|incorrect old value|unpack|migrate|internal|temporar|no space|quota/i;

/** The remote's reason: from the output of `git push --porcelain`, else from the answers of http and ssh servers. */
function rejectionOf(error: GitError): string | undefined {
  return (
    /^!\t[^\t]*\t\[remote rejected\] \((.*)\)$/m.exec(error.stdout)?.[1] ??
    /The requested URL returned error: 40[134].*|Authentication failed.*|Permission denied.*|could not read Username.*/i.exec(
      error.stderr,
    )?.[0]
  );
}
