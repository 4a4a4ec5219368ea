import path from 'node:path';
import { UserError } from '../base/errors';
import { copyTree, linkTo } from '../base/folderTree';
import { appendText, readTextIfPresent } from '../base/safeFiles';
import { isPresent, refuseLinks } from '../base/safePaths';
import { makeFolder } from '../base/safeFolders';
import { git } from './git';
import type { RigRepository } from './repository';

/** Files that a rig adds to worktrees in addition to those of the commit. Paths are relative to the worktree. */
export interface ExtraFiles {
  copied: readonly string[];
  linked: readonly string[];
  /**
   * Folders that are searched, in order: the rig's own folder for such files, and the folder that the rig was created
   * from.
   */
  from: readonly string[];
}

/**
 * Adds the files of a rig to a worktree, unless they exist already or are part of the commit. Git ignores them there,
 * so that they are not committed.
 * @throws UserError if a path leaves the worktree, or the file is not found
 */
export async function addExtraFiles(repository: RigRepository, worktree: string, extra: ExtraFiles): Promise<void> {
  for (const [names, isLink] of [
    [extra.copied, false],
    [extra.linked, true],
  ] as const)
    for (const name of names) await addOne(repository, worktree, { name, isLink, from: extra.from });
}

async function addOne(
  repository: RigRepository,
  worktree: string,
  { name, isLink, from }: { name: string; isLink: boolean; from: readonly string[] },
): Promise<void> {
  const file = plainPath(name);
  const tracked = await git(worktree, ['ls-files', '-z', '--', `:(top,literal)${file}`]);
  if (tracked !== '') return; // it is part of the commit
  const source = from.map((folder) => path.join(folder, file)).find((candidate) => isPresent(candidate));
  if (source === undefined)
    throw new UserError(
      `${file} is listed for worktrees but does not exist`,
      `create it as ${from[0]}, or remove it from worktree_files and worktree_links in the settings of the rig`,
      'unavailable',
    );
  ignore(repository, file);
  const target = path.join(worktree, file);
  makeFolder(path.dirname(target));
  if (isLink) linkTo(source, target);
  else {
    refuseLinks(target);
    copyTree(source, target);
  }
}

function plainPath(name: string): string {
  const file = path.posix.normalize(name.replaceAll('\\', '/')).replace(/\/$/, '');
  const isInside = file !== '.' && !file.startsWith('../') && file !== '..' && !path.posix.isAbsolute(file);
  if (isInside && !file.split('/').includes('.git') && !/[\0\r\n]/.test(file)) return file;
  throw new UserError(
    `"${name}" in worktree_files or worktree_links is not a path inside a worktree`,
    'write it relative to the top of the worktree, such as ".env" or "config/local.json"',
  );
}

/** Adds a file to the repository's own exclude list, which all of its worktrees share and which is never committed. */
function ignore(repository: RigRepository, file: string): void {
  const list = path.join(repository.directory, 'info', 'exclude');
  const line = `/${file.replace(/[\\*?[\]!# ]/g, '\\$&')}`;
  if ((readTextIfPresent(list) ?? '').split('\n').includes(line)) return;
  makeFolder(path.dirname(list));
  appendText(list, `${line}\n`);
}
