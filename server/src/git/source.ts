import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../base/errors';
import { readTextIfPresent } from '../base/safeFiles';
import { withTemporaryFolder } from '../base/folderTree';
import { splitAddress, type Credential, type CredentialFile } from './credentials';
import { git, GitError, gitLine, gitProbe, NAMED_BARE_REPOSITORY, otherGit, type GitOptions } from './git';

/** The source of a rig's repository. */
export interface RepositorySource {
  /** Git URL without secrets, or absolute path of a folder. */
  location: string;
  /** Whether it is a folder with a checked-out branch on this machine. */
  isFolder: boolean;
  defaultBranch: string;
  objectFormat?: 'sha1' | 'sha256';
  /** A clone that fetches missing objects from its own remote on demand (`git clone --filter`). */
  isPartial?: boolean;
}

/** A line of `git ls-remote`. */
export interface RemoteRef {
  name: string;
  commit: string;
  /** For HEAD: the branch that it refers to. */
  target?: string;
}

/** Inspects a URL or folder: whether it is a repository, and its default branch. */
export async function inspectSource(
  address: string,
  wantedBranch?: string,
): Promise<RepositorySource & { credential?: Credential }> {
  if (address.startsWith('-')) throw new UserError(`"${address}" is not a repository`, 'give a git URL or a folder');
  const isUrl =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(address) || (/^[^/\\]+@[^/\\]+:/.test(address) && !fs.existsSync(address));
  if (!isUrl) return inspectFolder(path.resolve(address), wantedBranch);
  const { location, credential } = splitAddress(address);
  const source = { location, isFolder: false, defaultBranch: '' };
  const login = loginOf(location, credential);
  const refs = await lsRemote(source, login);
  const isSha256 = refs[0] ? refs[0].commit.length === 64 : await isEmptySha256(source, login);
  return {
    location,
    credential,
    isFolder: false,
    defaultBranch: chooseBranch(location, refs, wantedBranch),
    objectFormat: isSha256 ? 'sha256' : 'sha1',
  };
}

/**
 * An empty repository has no ref whose length shows its hash format: only its greeting does, which git shows in a trace
 * (gitprotocol-capabilities, `object-format`).
 */
async function isEmptySha256(source: RepositorySource, login: Pick<GitOptions, 'config' | 'env'>): Promise<boolean> {
  return withTemporaryFolder(async (folder) => {
    const trace = path.join(folder, 'packets');
    await lsRemote(source, { ...login, env: { ...login.env, GIT_TRACE_PACKET: trace } });
    return /ls-remote< object-format=sha256$/m.test(readTextIfPresent(trace) ?? '');
  });
}

/** Before the rig exists, the credential is passed in the environment. */
function loginOf(location: string, credential: Credential | undefined): Pick<GitOptions, 'config' | 'env'> {
  const host = /^https?:\/\/[^/?#]+/i.exec(location)?.[0];
  if (!credential || host === undefined) return {};
  const print = `printf 'username=%s\\npassword=%s\\n' "$GASTOWN_USERNAME" "$GASTOWN_PASSWORD"`;
  return {
    config: [`credential.${host}.helper=`, `credential.${host}.helper=!f() { test "$1" = get && ${print}; }; f`],
    env: { GASTOWN_USERNAME: credential.username, GASTOWN_PASSWORD: credential.password },
  };
}

async function inspectFolder(folder: string, wantedBranch: string | undefined): Promise<RepositorySource> {
  if (!fs.existsSync(folder))
    throw new UserError(`there is no folder ${folder}`, 'give a git URL or an existing folder', 'not-found');
  const options = { config: [NAMED_BARE_REPOSITORY] };
  let isBare: boolean;
  try {
    isBare = (await gitLine(folder, ['rev-parse', '--is-bare-repository'], options)) === 'true';
  } catch (error) {
    if (error instanceof GitError && /^fatal: not a git repository/m.test(error.stderr))
      throw new UserError(`${folder} is not a git repository`, 'run "git init" in it first', 'not-found');
    throw new UserError(`git cannot use ${folder}: ${messageOf(error).trim()}`, undefined, 'unavailable');
  }
  const location = isBare ? folder : await gitLine(folder, ['rev-parse', '--show-toplevel'], options);
  const [objectFormat, partial, worktrees, head] = await Promise.all([
    gitLine(location, ['rev-parse', '--show-object-format'], options),
    gitProbe(location, ['config', '--get-regexp', '^(extensions\\.partialclone|remote\\..*\\.promisor)$'], options),
    checkouts(location),
    gitProbe(location, ['symbolic-ref', '--quiet', 'HEAD'], options),
  ]);
  const source = {
    location,
    // A bare repository has no checkout that a push could make stale, unless it has worktrees.
    isFolder: worktrees.length > 0,
    objectFormat: objectFormat === 'sha256' ? ('sha256' as const) : ('sha1' as const),
    isPartial: partial !== undefined,
  };
  const refs = await lsRemote({ ...source, defaultBranch: '' }, {});
  const target =
    head === undefined || refs.some((ref) => ref.name === 'HEAD') ? [] : [{ name: 'HEAD', commit: '', target: head }];
  return { ...source, defaultBranch: chooseBranch(location, [...target, ...refs], wantedBranch) };
}

/** The worktrees of a repository on disk, with the branch that each has checked out. */
export async function checkouts(location: string): Promise<{ folder: string; branch?: string }[]> {
  const text = await git(location, ['worktree', 'list', '--porcelain', '-z'], { config: [NAMED_BARE_REPOSITORY] });
  return text.split('\0\0').flatMap((entry) => {
    const lines = entry.split('\0');
    const folder = lines.find((line) => line.startsWith('worktree '))?.slice('worktree '.length);
    if (folder === undefined || lines.includes('bare')) return [];
    return [{ folder, branch: lines.find((line) => line.startsWith('branch '))?.slice('branch refs/heads/'.length) }];
  });
}

/** Settings and variables of the server's git for access to a source. */
export function accessOf(source: RepositorySource, credentials: CredentialFile): Pick<GitOptions, 'config' | 'env'> {
  // A partial clone fetches missing objects from its own remote; for other readers git must be told to do so.
  return { config: credentials.config, env: source.isPartial ? { GIT_NO_LAZY_FETCH: '0' } : {} };
}

/** The folder of a source on this disk; undefined for one on another machine. */
export function folderOf({ location }: Pick<RepositorySource, 'location'>): string | undefined {
  if (path.isAbsolute(location)) return location;
  if (!/^file:/i.test(location)) return undefined;
  try {
    return fileURLToPath(location);
  } catch {
    return undefined; // with a host: git refuses it too
  }
}

/**
 * The git at a source on this disk runs no program of the repository's settings. Its hooks run only if it is a remote.
 */
export async function uploadPackOf(source: Pick<RepositorySource, 'location' | 'isFolder'>): Promise<string[]> {
  const folder = folderOf(source);
  return folder === undefined ? [] : [`--upload-pack=${(await otherGit(folder, !source.isFolder)).uploadPack}`];
}

/** All refs of the source. @throws UserError with git's message */
export function refsOf(source: RepositorySource, credentials: CredentialFile): Promise<RemoteRef[]> {
  return lsRemote(source, accessOf(source, credentials));
}

async function lsRemote(source: RepositorySource, options: Pick<GitOptions, 'config' | 'env'>): Promise<RemoteRef[]> {
  let answer: string;
  try {
    answer = await git(
      process.cwd(),
      ['ls-remote', '--symref', ...(await uploadPackOf(source)), '--', source.location],
      {
        ...options,
        timeoutMs: 60_000,
      },
    );
  } catch (error) {
    throw new UserError(
      `cannot reach ${source.location}: ${messageOf(error).trim()}`,
      'check the address, your access to it and the network',
      'unavailable',
    );
  }
  const targets = new Map<string, string>();
  const refs: RemoteRef[] = [];
  for (const line of answer.split('\n')) {
    const [what, name] = line.split('\t');
    if (what === undefined || name === undefined) continue;
    if (what.startsWith('ref: ')) targets.set(name, what.slice('ref: '.length));
    else refs.push({ name, commit: what, target: targets.get(name) });
  }
  return refs;
}

const HEADS = 'refs/heads/';

export function branchesOf(refs: readonly RemoteRef[]): string[] {
  return refs.flatMap(({ name }) => (name.startsWith(HEADS) ? [name.slice(HEADS.length)] : []));
}

/** The branch that HEAD refers to, if it exists. */
export function headBranch(refs: readonly RemoteRef[]): string | undefined {
  const target = refs.find((ref) => ref.name === 'HEAD')?.target;
  return refs.some((ref) => ref.name === target) ? target!.slice(HEADS.length) : undefined;
}

/**
 * Chooses the default branch. If HEAD refers to none: the only branch, or one with a usual name; otherwise the user has
 * to name it.
 */
function chooseBranch(location: string, refs: readonly RemoteRef[], wanted: string | undefined): string {
  const branches = branchesOf(refs);
  const unborn = refs.find((ref) => ref.name === 'HEAD')?.target?.slice(HEADS.length);
  if (refs.every((ref) => ref.name === 'HEAD' && ref.commit === '')) return wanted ?? unborn ?? 'main';
  const usual = branches.length === 1 ? branches[0] : ['main', 'master'].find((name) => branches.includes(name));
  const branch = wanted ?? headBranch(refs) ?? unborn ?? usual;
  if (branch === undefined || !branches.includes(branch)) throw unknownBranch({ location }, branch, refs);
  return branch;
}

const SHOWN_BRANCHES = 10;

export function unknownBranch(
  source: Pick<RepositorySource, 'location'>,
  branch: string | undefined,
  refs: readonly RemoteRef[],
): UserError {
  const branches = branchesOf(refs);
  const more = branches.length > SHOWN_BRANCHES ? `, and ${branches.length - SHOWN_BRANCHES} more` : '';
  const shown = branches.slice(0, SHOWN_BRANCHES).join(', ') + more;
  return new UserError(
    branch === undefined ? `${source.location} names no default branch` : `${source.location} has no branch ${branch}`,
    branches.length === 0
      ? 'it has refs, but no branch: create a branch and push it there'
      : `its branches: ${shown}. Name one: --branch of "gt rig add", or "gt rig set <rig> default_branch=<name>"`,
    'conflict',
  );
}
