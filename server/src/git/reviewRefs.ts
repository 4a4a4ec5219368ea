import { git } from './git';
import { safePart } from './names';
import type { RigRepository } from './repository';

const PREFIX = 'refs/gastown/review/';

/** Keeps a commit that is on no branch, such as one that would land, and drops the refs of closed requests. */
export async function keepForReview(
  repository: RigRepository,
  name: string,
  commit: string,
  open: readonly string[],
): Promise<void> {
  await git(repository.directory, ['update-ref', `${PREFIX}${safePart(name)}`, commit]);
  const wanted = new Set([name, ...open].map(safePart));
  const refs = (await git(repository.directory, ['for-each-ref', '--format=%(refname)', PREFIX]))
    .split('\n')
    .filter(Boolean);
  for (const ref of refs)
    if (!wanted.has(ref.slice(PREFIX.length))) await git(repository.directory, ['update-ref', '-d', ref]);
}
