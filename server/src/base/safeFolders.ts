import fs from 'node:fs';
import path from 'node:path';
import { isMissing, refuseLinks } from './safePaths';

/** Mode of folders that no other user of the machine may look into. */
export const PRIVATE_FOLDER = 0o700;

/** Creates a folder and its missing parents. */
export function makeFolder(folder: string, mode?: number): void {
  refuseLinks(folder);
  fs.mkdirSync(folder, { recursive: true, mode });
}

/** Creates a folder that no other user of the machine can look into, and makes an existing one private. */
export function makePrivateFolder(folder: string): void {
  makeFolder(folder, PRIVATE_FOLDER);
  if (process.platform === 'win32' || (fs.statSync(folder).mode & 0o077) === 0) return;
  fs.chmodSync(folder, PRIVATE_FOLDER);
}

/** The entries of a folder; empty if it does not exist. @throws UserError for a link in its path */
export function listFolder(folder: string): fs.Dirent[] {
  refuseLinks(folder);
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The first names in a folder, in no order. @throws UserError for a link in its path; a system error such as ENOENT */
export function firstNames(directory: string, limit: number): string[] {
  refuseLinks(directory);
  const folder = fs.opendirSync(directory);
  try {
    const names: string[] = [];
    for (let entry = folder.readSync(); entry && names.length < limit; entry = folder.readSync())
      names.push(entry.name);
    return names;
  } finally {
    folder.closeSync();
  }
}

/** Removes a folder with its content; links in it are removed and not followed. */
export function removeFolder(folder: string): void {
  refuseLinks(path.dirname(folder));
  fs.rmSync(folder, { recursive: true, force: true });
}

/** Removes all but the newest files of a folder whose names match. */
export function removeOldest(folder: string, names: RegExp, keep: number): void {
  const files = listFolder(folder).filter((entry) => entry.isFile() && names.test(entry.name));
  if (files.length <= keep) return;
  const byAge = files
    .map(({ name }) => path.join(folder, name))
    .map((file) => ({ file, at: fs.lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at);
  for (const { file } of byAge.slice(keep)) fs.rmSync(file, { force: true });
}
