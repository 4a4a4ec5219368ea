import { messageOf, UserError } from '../base/errors';
import { git, gitLine, gitProbe } from './git';
import type { RigRepository } from './repository';
import { checkouts } from './source';

/** How far a folder's checkout is behind its landed work; undefined if it cannot be fast-forwarded. */
export async function fastForwardState(
  repository: RigRepository,
): Promise<{ commits: number; clean: boolean } | undefined> {
  const state = await checkoutState(repository);
  return state && { commits: state.commits, clean: state.clean };
}

/** Like `fastForwardState`, with the folder of the checkout. */
async function checkoutState(
  repository: RigRepository,
): Promise<{ folder: string; commits: number; clean: boolean } | undefined> {
  const { source, landing } = repository;
  if (!source.isFolder) return undefined;
  const folder = (await checkouts(source.location)).find(({ branch }) => branch === source.defaultBranch)?.folder;
  if (folder === undefined) return undefined;
  const landed = await gitProbe(folder, ['rev-parse', '--verify', '--quiet', `refs/heads/${landing}`]);
  if (!landed) return undefined;
  const head = await gitProbe(folder, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  if (head && (await gitLine(folder, ['rev-list', '--count', head, `^${landed}`, '--'])) !== '0') return undefined;
  const commits = Number(await gitLine(folder, ['rev-list', '--count', landed, ...(head ? [`^${head}`] : []), '--']));
  if (commits === 0) return undefined;
  const clean = (await git(folder, ['status', '--porcelain', '--untracked-files=no'])).trim() === '';
  return { folder, commits, clean };
}

/** Fast-forwards a folder's checkout to its landed work. Git itself refuses to overwrite anything. */
export async function fastForward(repository: RigRepository): Promise<number> {
  const state = await checkoutState(repository);
  if (!state) throw new UserError(`${repository.source.location} has nothing to fast-forward`, undefined, 'conflict');
  if (!state.clean)
    throw new UserError(`${state.folder} has uncommitted changes`, 'commit or stash them first', 'conflict');
  try {
    await git(state.folder, ['merge', '--ff-only', '--quiet', `refs/heads/${repository.landing}`]);
  } catch (error) {
    throw new UserError(
      `cannot fast-forward ${repository.source.location}: ${messageOf(error).trim()}`,
      'nothing was changed',
      'conflict',
    );
  }
  return state.commits;
}
