import fs from 'node:fs';
import path from 'node:path';
import { UserError, hasCode } from './errors';

/*
 * Safe access to files in folders that others may have created: a clone, a copied town, an agent's home. Git and
 * archives bring links, and archives pipes and devices, so that a plain read or write could reach any file of the user,
 * block forever or never end. Everything under a ledger, a town or a rig is opened with safeFiles.ts and safeFolders.ts
 * (enforced by lint): no component of the path is a link, the file is a regular one, and its size is known before it is
 * read.
 *
 * Paths are absolute, and their roots are without links: `canonicalPath` resolves them once, when the user names a
 * folder. A process of the same user that swaps a folder between the check and the use is not guarded against: it could
 * write the file itself.
 */

/**
 * The path without links, so that one folder has one spelling. Missing parts are appended to the nearest existing
 * folder.
 */
export function canonicalPath(given: string): string {
  const absolute = path.resolve(given);
  try {
    return realPath(absolute);
  } catch (error) {
    const parent = path.dirname(absolute);
    if (parent === absolute || !isMissing(error)) return absolute;
    return path.join(canonicalPath(parent), path.basename(absolute));
  }
}

/**
 * The system's `realpath` takes a tenth of the time of Node's; on Windows it would turn mapped drives into network
 * paths.
 */
const realPath = process.platform === 'win32' ? fs.realpathSync : fs.realpathSync.native;

/** @throws UserError `refused` that names the first link of the path, the file itself included */
export function refuseLinks(file: string): void {
  const parent = path.dirname(file);
  if (hasLinkAbove(parent)) {
    const { root } = path.parse(parent);
    let at = root;
    for (const name of parent.slice(root.length).split(path.sep).filter(Boolean)) {
      at = path.join(at, name);
      refuseLink(at);
    }
  }
  refuseLink(file);
}

/** Most paths contain no link: one `realpath` call instead of a check of each folder. */
function hasLinkAbove(folder: string): boolean {
  if (process.platform === 'win32') return true;
  try {
    return fs.realpathSync.native(folder) !== folder;
  } catch {
    return true; // it does not exist yet, or cannot be read
  }
}

function refuseLink(file: string): void {
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) throw linkError(file);
}

export function linkError(file: string): UserError {
  let target = '';
  try {
    target = ` to ${fs.readlinkSync(file)}`;
  } catch {
    // The link was just removed: the error names it without its target.
  }
  return new UserError(
    `${file}: it is a symbolic link${target}`,
    'Nothing is read or written through links. It may have come with a repository: check it, and replace it with the file or folder itself.',
    'refused',
  );
}

/** Whether a file, a folder or anything else exists at a path. @throws UserError for a link in its path */
export function isPresent(file: string): boolean {
  return statOf(file) !== undefined;
}

/** The stat of a file or folder; undefined if it is missing. @throws UserError for a link in its path */
export function statOf(file: string): fs.Stats | undefined {
  refuseLinks(file);
  return fs.lstatSync(file, { throwIfNoEntry: false });
}

/** A stamp that changes whenever the file is written, replaced or removed. Does not read the file. */
export function fileStamp(file: string): string | undefined {
  const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** Whether a system error means that the file does not exist. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}
