import path from 'node:path';
import { removeFile } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { git, gitLine, gitProbe } from './git';
import type { RigRepository } from './repository';

/** A repository inside a worktree: a submodule, or one that was created there. */
export interface NestedRepository {
  /** Folder of the repository, relative to the worktree. */
  folder: string;
  /** The commit of the gitlink that stands for it in the index. */
  gitlink?: string;
}

/** The repositories inside a worktree, not those in ignored folders. Git itself never looks into them. */
export async function nestedRepositories(worktree: string): Promise<NestedRepository[]> {
  // The tags distinguish the two kinds. Without `--directory` git lists files; an entry that ends with a slash is a
  // separate repository.
  const listed = await git(worktree, ['ls-files', '-t', '--stage', '--others', '--exclude-standard', '-z']);
  const found = new Map<string, NestedRepository>();
  const folders = new Set<string>();
  for (const entry of listed.split('\0').filter(Boolean)) {
    const other = entry.startsWith('? ') ? entry.slice(2) : undefined;
    const [, mode, hash, staged] = /^\w (\d+) ([0-9a-f]+) \d\t(.*)$/s.exec(entry) ?? [];
    if (mode === '160000') found.set(staged!, { folder: staged!, gitlink: hash });
    else if (other?.endsWith('/')) found.set(other.slice(0, -1), { folder: other.slice(0, -1) });
    else addParents(folders, other ?? staged ?? '');
  }
  // A repository in a folder with tracked files of the outer one, which does not see files that were added later.
  for (const folder of folders) if (!found.has(folder)) found.set(folder, { folder });
  const all = [...found.values()].filter(({ folder }) => isRepository(path.join(worktree, folder)));
  return all.filter(({ folder }) => !all.some((outer) => folder.startsWith(`${outer.folder}/`)));
}

function addParents(folders: Set<string>, file: string): void {
  for (
    let folder = path.posix.dirname(file);
    folder !== '.' && !folders.has(folder);
    folder = path.posix.dirname(folder)
  )
    folders.add(folder);
}

function isRepository(folder: string): boolean {
  try {
    return isPresent(path.join(folder, '.git'));
  } catch {
    return false; // the path contains a link: it is not part of the worktree
  }
}

/**
 * Puts the files of a nested repository into an index of the outer one, and fetches its history into the outer one's
 * objects, under `ref`. A clean submodule is left as it is: its remote has the commit.
 */
export async function keepNested(
  repository: RigRepository,
  worktree: string,
  { folder, gitlink }: NestedRepository,
  place: { indexFile: string; ref: string },
): Promise<void> {
  const inner = path.join(worktree, folder);
  if (gitlink !== undefined && (await isAtRemote(inner, gitlink))) return;
  await git(repository.directory, [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--update-shallow',
    '--end-of-options',
    inner,
    `+refs/*:${place.ref}/refs/*`,
    ...((await headOf(inner)) === undefined ? [] : [`+HEAD:${place.ref}/HEAD`]),
  ]);
  const tree = await treeOfFolder(repository, inner, place);
  const options = { indexFile: place.indexFile, env: { GIT_DIR: repository.directory, GIT_WORK_TREE: worktree } };
  await git(
    worktree,
    ['rm', '-r', '--cached', '--quiet', '--force', '--ignore-unmatch', '--', `:(top,literal)${folder}`],
    options,
  );
  await git(worktree, ['read-tree', `--prefix=${folder}/`, tree], options);
}

function headOf(inner: string): Promise<string | undefined> {
  return gitProbe(inner, ['rev-parse', '--verify', '--quiet', 'HEAD']);
}

/** Whether a submodule is unchanged, at a commit that its remote has. */
async function isAtRemote(inner: string, gitlink: string): Promise<boolean> {
  if ((await headOf(inner)) !== gitlink) return false;
  const status = await git(inner, ['status', '--porcelain', '--ignore-submodules=none']);
  const local = await git(inner, ['rev-list', '--max-count=1', '--branches', 'HEAD', '--not', '--remotes']);
  return status.trim() === '' && local.trim() === '';
}

/**
 * The tree of all files in a folder, created by the outer repository, so that settings of the inner one have no effect.
 */
async function treeOfFolder(
  repository: RigRepository,
  folder: string,
  place: { indexFile: string; ref: string },
): Promise<string> {
  const indexFile = `${place.indexFile}.nested`;
  const env = { GIT_DIR: repository.directory, GIT_WORK_TREE: folder };
  try {
    removeFile(indexFile);
    const deeper = await nestedRepositories(folder);
    await git(folder, ['add', '--all', '--', '.', ...deeper.map((one) => `:(exclude,top,literal)${one.folder}`)], {
      indexFile,
      env,
    });
    for (const [index, one] of deeper.entries())
      await keepNested(repository, folder, one, { indexFile, ref: `${place.ref}/nested/${index}` });
    return await gitLine(folder, ['write-tree'], { indexFile, env });
  } finally {
    removeFile(indexFile);
  }
}
