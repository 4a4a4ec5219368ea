import path from 'node:path';
import { UserError } from '../base/errors';
import { statOf } from '../base/safePaths';
import { git, GitError, gitLine, gitProbe, type GitOptions, NETWORK_TIMEOUT_MS } from './git';
import type { RigRepository } from './repository';

/** An entry of `.gitmodules`. */
export interface Submodule {
  name: string;
  path: string;
  url: string;
}

/** The entries of `.gitmodules` in a commit. */
export async function submodulesOf(repository: RigRepository, commit: string): Promise<Submodule[]> {
  if (!(await repository.objects.info(`${commit}:.gitmodules`))) return [];
  const entry = await git(repository.directory, ['ls-tree', '--full-tree', '-z', commit, '--', '.gitmodules']);
  const blob = /^100\d+ blob ([0-9a-f]+)\t/.exec(entry)?.[1]; // and not a symbolic link
  if (blob === undefined) return [];
  const text = await gitProbe(repository.directory, [
    'config',
    '--blob',
    blob,
    '-z',
    '--get-regexp',
    '^submodule\\..*\\.(path|url)$',
  ]);
  const found = new Map<string, Partial<Submodule>>();
  for (const field of (text ?? '').split('\0').filter(Boolean)) {
    const [, name, key, value] = /^submodule\.(.*)\.(path|url)\n(.*)$/s.exec(field) ?? [];
    if (name !== undefined) found.set(name, { ...found.get(name), [key!]: value });
  }
  return [...found].flatMap(([name, { path: folder, url }]) =>
    folder === undefined || url === undefined ? [] : [{ name, path: folder, url }],
  );
}

/**
 * Updates the submodules of a worktree to its commit.
 * @returns whether it has submodules
 * @throws UserError `unavailable`
 */
export async function updateSubmodules(repository: RigRepository, worktree: string): Promise<boolean> {
  if (statOf(path.join(worktree, '.gitmodules')) === undefined) return false;
  const access = await submoduleAccess(repository, await gitLine(worktree, ['rev-parse', 'HEAD']));
  const options = { ...access, timeoutMs: NETWORK_TIMEOUT_MS };
  const update = ['submodule', 'update', '--init', '--recursive', '--force', '--checkout', '--progress'];
  try {
    await git(worktree, update, options);
    await git(worktree, ['submodule', '--quiet', 'foreach', '--recursive', 'git clean -ffdxq'], options);
    return true;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new UserError(
      `cannot get the submodules of ${repository.source.location}: ${error.message.trim()}`,
      'get access to them, or set "submodules" to false in the settings of the rig',
      'unavailable',
    );
  }
}

/** Addresses of submodules: those that the source uses, which may be relative to its own origin. */
export async function submoduleAccess(
  repository: RigRepository,
  commit: string,
): Promise<Pick<GitOptions, 'config' | 'env'>> {
  const { config = [], env } = repository.login;
  const declared = await submodulesOf(repository, commit);
  const urls = await Promise.all(declared.map(async (one) => ({ ...one, url: await urlOf(repository, one) })));
  const mayUseFolders = await Promise.all(
    urls.filter(({ url }) => isLocal(url)).map((one) => isFolderMeant(repository, one, declared)),
  );
  return {
    env,
    config: [
      ...config,
      ...urls.map(({ name, url }) => `submodule.${name}.url=${url}`),
      ...(mayUseFolders.length > 0 && mayUseFolders.every(Boolean) ? ['protocol.file.allow=always'] : []),
    ],
  };
}

/**
 * Whether a folder of this machine is allowed as the remote of a submodule. By default git refuses it, because
 * `.gitmodules` of a clone may name any folder of the user. Allowed only if the user has initialised that submodule in
 * the source, or if it is next to a remote that is itself a folder.
 */
async function isFolderMeant(
  repository: RigRepository,
  { name, url }: Submodule,
  declared: readonly Submodule[],
): Promise<boolean> {
  const { location, isFolder } = repository.source;
  if (path.isAbsolute(location) && (await configured(location, `submodule.${name}.url`)) === url) return true;
  const isRelative = /^\.\.?\//.test(declared.find((one) => one.name === name)?.url ?? '');
  return isRelative && !(isFolder && (await configured(location, 'remote.origin.url')) === undefined);
}

function configured(location: string, key: string): Promise<string | undefined> {
  return gitProbe(location, ['config', '--get', key]);
}

export function isLocal(location: string): boolean {
  return path.isAbsolute(location) || /^file:/i.test(location);
}

/** The address that the source itself uses for a submodule, or would use. */
export async function urlOf(repository: RigRepository, { name, url }: Submodule): Promise<string> {
  const { location } = repository.source;
  const local = path.isAbsolute(location);
  const own = local ? await configured(location, `submodule.${name}.url`) : undefined;
  if (own !== undefined) return own;
  if (!/^\.\.?\//.test(url)) return url;
  const origin = local ? await configured(location, 'remote.origin.url') : undefined;
  return resolveRelative(origin ?? location, url);
}

/** Resolves a relative address like git: each `../` removes a part from the end. */
export function resolveRelative(base: string, relative: string): string {
  let left = base.replace(/\/+$/, '');
  let right = relative;
  for (;;) {
    if (right.startsWith('./')) right = right.slice(2);
    else if (right.startsWith('../')) {
      right = right.slice(3);
      const cut = Math.max(left.lastIndexOf('/'), left.lastIndexOf(':'));
      left = cut < 0 ? '' : left.slice(0, left[cut] === ':' ? cut + 1 : cut);
    } else return left === '' || left.endsWith(':') ? `${left}${right}` : `${left}/${right}`;
  }
}
