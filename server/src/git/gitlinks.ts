import path from 'node:path';
import { withTemporaryFolder } from '../base/folderTree';
import { UserError } from '../base/errors';
import { makeFolder } from '../base/safeFolders';
import { git, GitError, gitProbe, type GitOptions } from './git';
import type { RigRepository } from './repository';
import { submoduleAccess, submodulesOf, urlOf, type Submodule } from './submodules';

/**
 * Finds objects that a fresh clone of a commit would lack: commits that a gitlink refers to, but that no remote has.
 * Checks only differences from `base`.
 * @returns one line for each problem
 */
export async function missingSubmodules(repository: RigRepository, base: string, commit: string): Promise<string[]> {
  const links = await changedGitlinks(repository, base, commit);
  if (links.length === 0) return [];
  const known = new Map((await submodulesOf(repository, commit)).map((one) => [one.path, one]));
  const problems = await Promise.all(
    links.map(async ({ folder, hash }) => {
      const submodule = known.get(folder);
      if (!submodule)
        return `${folder} is a separate git repository, and .gitmodules does not list it: its files would not be in the commit`;
      return (await isAvailable(repository, commit, submodule, hash))
        ? undefined
        : `the commit ${hash.slice(0, 10)} of the submodule ${folder} is not in its remote ${submodule.url}`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

/** If `.gitmodules` itself has changed, all gitlinks are checked. */
async function changedGitlinks(
  repository: RigRepository,
  base: string,
  commit: string,
): Promise<{ folder: string; hash: string }[]> {
  const changed = await repository.graph.changes(base, commit);
  const links = changed.flatMap(({ mode, hash, path: folder }) => (mode === '160000' ? [{ folder, hash }] : []));
  if (!changed.some((entry) => entry.path === '.gitmodules')) return links;
  const all = await git(repository.directory, ['ls-tree', '-r', '-z', '--full-tree', commit]);
  return all.split('\0').flatMap((line) => {
    const [, hash, folder] = /^160000 commit ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return hash === undefined ? [] : [{ folder: folder!, hash }];
  });
}

/** Requests just this commit from the remote, like a fresh clone. @throws UserError if the remote cannot be reached */
async function isAvailable(
  repository: RigRepository,
  commit: string,
  submodule: Submodule,
  hash: string,
): Promise<boolean> {
  const url = await urlOf(repository, submodule);
  const { config = [], env } = await submoduleAccess(repository, commit);
  const options = {
    // As for a submodule: git allows some kinds of addresses, such as folders, only from the user.
    env: { ...env, GIT_PROTOCOL_FROM_USER: '0' },
    config: [...config, `remote.submodule.url=${url}`],
    timeoutMs: 120_000,
  };
  const just = ['--depth=1', '--filter=tree:0', 'submodule', hash];
  try {
    return await withTemporaryFolder(
      async (probe) =>
        (await fetchInto(path.join(probe, 'one'), just, hash, options).catch(isGitError)) ||
        // Servers may refuse single commits: then all of their refs are fetched.
        fetchInto(path.join(probe, 'all'), ['submodule', '+refs/*:refs/all/*'], hash, options),
    );
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new UserError(
      `cannot reach ${submodule.url}, the remote of the submodule ${submodule.path}: ${error.message.trim()}`,
      'check the address in .gitmodules and your access to it',
      'unavailable',
    );
  }
}

/** Fetches into a temporary repository. @returns whether it now has the commit */
async function fetchInto(
  directory: string,
  what: readonly string[],
  hash: string,
  options: GitOptions,
): Promise<boolean> {
  const format = hash.length === 64 ? 'sha256' : 'sha1';
  makeFolder(directory);
  await git(directory, ['init', '--bare', '--quiet', '--template=', `--object-format=${format}`, '.']);
  await git(directory, ['-c', 'protocol.version=2', 'fetch', '--quiet', '--no-tags', ...what], options);
  return (await gitProbe(directory, ['rev-parse', '--verify', '--quiet', `${hash}^{commit}`])) !== undefined;
}

function isGitError(error: unknown): false {
  if (error instanceof GitError) return false;
  throw error;
}
