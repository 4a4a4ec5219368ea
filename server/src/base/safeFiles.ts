import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { UserError, hasCode } from './errors';

/*
 * Files in folders that somebody else may have made: a clone, a copied town, an agent's home. Git and archives bring links,
 * and archives pipes and devices, so that a plain read or write would reach any file of the person, wait for ever or never
 * end. Everything under a ledger, a town or a rig is opened here (lint holds the folders to it): no component of the path is
 * a link, the file is a regular one, and its size is known before it is read.
 *
 * Paths are absolute, and their roots are without links: `canonicalPath` once, where a person names a folder. A process of
 * the same user that swaps a folder between the check and the use is not guarded against: it could write the file itself.
 */

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = fs.constants;
/** Links are not followed, and a pipe does not wait for its other end. Windows has neither. */
const CAREFUL = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/** Settings, records, progress files: no file of a person's is larger. */
const MAX_TEXT_BYTES = 32 * 1024 * 1024;

/** Mode of files and folders that no other user of the machine may read. */
export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

/**
 * The path without links, so that one folder has one spelling. What does not exist yet is appended to the nearest folder
 * that does.
 */
export function canonicalPath(given: string): string {
  const absolute = path.resolve(given);
  try {
    return fs.realpathSync(absolute);
  } catch (error) {
    const parent = path.dirname(absolute);
    if (parent === absolute || !isMissing(error)) return absolute;
    return path.join(canonicalPath(parent), path.basename(absolute));
  }
}

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

/** Most paths are what the system says they are: one call instead of one for each folder. */
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

function linkError(file: string): UserError {
  let target = '';
  try {
    target = ` to ${fs.readlinkSync(file)}`;
  } catch {
    // It has just gone: its name says enough.
  }
  return new UserError(
    `${file}: it is a symbolic link${target}`,
    'Nothing is read or written through links. It may have come with a repository: look at it, and put the file or folder itself in its place.',
    'refused',
  );
}

/**
 * Opens a regular file.
 * @param flags without O_TRUNC: what is no regular file must not be touched
 * @returns the open descriptor and its stat; the caller closes it
 * @throws UserError `refused` for a link, a pipe, a device or a folder; a system error such as ENOENT
 */
function openRegular(file: string, flags: number, mode?: number): { fd: number; stat: fs.Stats } {
  refuseLinks(file);
  let fd: number;
  try {
    fd = fs.openSync(file, flags | CAREFUL, mode);
  } catch (error) {
    if (hasCode(error, 'ELOOP')) throw linkError(file);
    // A pipe without a reader, a socket, a folder: it is there, and no file.
    if (hasCode(error, 'ENXIO') || hasCode(error, 'EISDIR')) throw notRegular(file);
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw notRegular(file);
    return { fd, stat };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function notRegular(file: string): UserError {
  return new UserError(
    `${file}: it is no regular file`,
    'A pipe, a device or a folder stands in its place. Look at it, and move it away.',
    'refused',
  );
}

/** Opens a regular file to read and write, creating it where it is missing. For the caller to close. */
export function openForUpdate(file: string, mode = 0o644): number {
  return openRegular(file, O_RDWR | O_CREAT, mode).fd;
}

/** Opens a file of our own to write from its start, such as a log. For the caller to close. */
export function openForRewrite(file: string, mode = PRIVATE_FILE): number {
  const { fd } = openRegular(file, O_RDWR | O_CREAT, mode);
  fs.ftruncateSync(fd);
  fs.fchmodSync(fd, mode);
  return fd;
}

/** Opens a file to write at its end, creating it where it is missing. For the caller to close. */
export function openForAppend(file: string, mode = PRIVATE_FILE): number {
  return openRegular(file, O_WRONLY | O_CREAT | O_APPEND, mode).fd;
}

export function appendText(file: string, text: string, mode = PRIVATE_FILE): void {
  const fd = openForAppend(file, mode);
  try {
    fs.writeSync(fd, text);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * A file's bytes, or undefined where there is none.
 * @throws UserError `refused` for what is no regular file, or is larger than allowed; a system error otherwise
 */
export function readFileBytes(file: string, maxBytes = MAX_TEXT_BYTES): Buffer | undefined {
  let opened: { fd: number; stat: fs.Stats };
  try {
    opened = openRegular(file, O_RDONLY);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const { fd, stat } = opened;
  try {
    if (stat.size > maxBytes) throw tooLarge(file, maxBytes);
    return readUpTo(fd, stat.size, maxBytes) ?? tooLargeWhileRead(file, maxBytes);
  } finally {
    fs.closeSync(fd);
  }
}

/** Bytes that are read at once at least. */
const MIN_READ = 65_536;

/** Some files say that they are empty and never end, others grow while they are read. @returns undefined beyond `maxBytes` */
function readUpTo(fd: number, size: number, maxBytes: number): Buffer | undefined {
  const first = Buffer.allocUnsafe(Math.max(size + 1, MIN_READ));
  let length = 0;
  for (let read = -1; read !== 0 && length < first.length; length += read)
    read = fs.readSync(fd, first, length, first.length - length, null);
  if (length < first.length) return length > maxBytes ? undefined : first.subarray(0, length);
  const parts = [first];
  for (let read = -1; read !== 0; length += read) {
    if (length > maxBytes) return undefined;
    const part = Buffer.allocUnsafe(MIN_READ);
    read = fs.readSync(fd, part);
    parts.push(part.subarray(0, read));
  }
  return Buffer.concat(parts);
}

function tooLargeWhileRead(file: string, maxBytes: number): never {
  throw tooLarge(file, maxBytes);
}

function tooLarge(file: string, maxBytes: number): UserError {
  const size = maxBytes < 16 * 1024 * 1024 ? `${maxBytes} bytes` : `${Math.floor(maxBytes / 1024 / 1024)} MB`;
  return new UserError(
    `${file}: it is larger than ${size}`,
    'No file of its kind is: look at what it holds.',
    'refused',
  );
}

/** The file's text, or undefined where there is no such file. @throws as `readFileBytes` does */
export function readTextIfPresent(file: string, maxBytes?: number): string | undefined {
  return readFileBytes(file, maxBytes)?.toString('utf8');
}

/** The last bytes of a log; empty where there is none, or it is no regular file. */
export function readTail(file: string, maxBytes: number): Buffer {
  try {
    const { fd, stat } = openRegular(file, O_RDONLY);
    try {
      const bytes = Buffer.alloc(Math.min(stat.size, maxBytes));
      const read = fs.readSync(fd, bytes, 0, bytes.length, stat.size - bytes.length);
      return bytes.subarray(0, read);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** Parts of a file, each shorter where the file ends within it; none where there is no such file. @throws as `readFileBytes` does */
export function readFileParts(file: string, parts: readonly { start: number; length: number }[]): Buffer[] {
  if (!isPresent(file)) return [];
  const { fd } = openRegular(file, O_RDONLY);
  try {
    return parts.map(({ start, length }) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start));
    });
  } finally {
    fs.closeSync(fd);
  }
}

/** The first bytes of a file. @throws as `readFileBytes` does, and for a missing file */
export function readHead(file: string, maxBytes: number): Buffer {
  const { fd } = openRegular(file, O_RDONLY);
  try {
    const bytes = Buffer.alloc(maxBytes);
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, maxBytes, 0));
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Replaces a file so that a reader, or a crash at any instruction, sees the old text or the new text
 * and nothing between: temporary file beside it, fsync, rename, fsync of the folder.
 */
export function writeFileAtomic(file: string, text: string | Uint8Array, mode = 0o644): void {
  makeFolder(path.dirname(file));
  refuseLinks(file);
  const temporary = temporaryName(file);
  try {
    const fd = createExclusively(temporary, mode);
    try {
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    // What failed on a descriptor names no file.
    if (error instanceof Error) Object.assign(error, { path: file });
    throw error;
  }
  fsyncDirectory(path.dirname(file));
}

/** JSON with two spaces and a final newline, the form of every settings file of a town. */
export function writeJsonAtomic(file: string, value: unknown, mode = 0o644): void {
  writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`, mode);
}

/** A name beside a file that nobody can have made ready as a link to somewhere else. Ends in `.tmp`. */
export function temporaryName(file: string): string {
  return `${file}.${randomBytes(9).toString('hex')}.tmp`;
}

/** Opens a file that did not exist before, whoever else wants that name. For the caller to close. */
export function createExclusively(file: string, mode = 0o644): number {
  return fs.openSync(file, O_RDWR | O_CREAT | O_EXCL | (fs.constants.O_NOFOLLOW ?? 0), mode);
}

/** Makes a rename or a new name durable. Windows cannot open folders: there it is a no-op. */
export function fsyncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const fsync = promisify(fs.fsync);

/** The same without waiting for the disk on the calling thread. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(directory, 'r');
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes the content of a file durable that another process may have written. */
export async function syncFile(file: string): Promise<void> {
  // Windows flushes only what is open for writing; elsewhere a file that can only be read is made durable, too.
  const fd = fs.openSync(file, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await fsync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes a folder and those above it that are missing. */
export function makeFolder(folder: string, mode?: number): void {
  refuseLinks(folder);
  fs.mkdirSync(folder, { recursive: true, mode });
}

/** Makes a folder that no other user of the machine can look into, also where it was there before. */
export function makePrivateFolder(folder: string): void {
  makeFolder(folder, PRIVATE_FOLDER);
  if (process.platform === 'win32' || (fs.statSync(folder).mode & 0o077) === 0) return;
  fs.chmodSync(folder, PRIVATE_FOLDER);
}

/** What is in a folder; nothing where it does not exist. @throws UserError for a link on the way */
export function listFolder(folder: string): fs.Dirent[] {
  refuseLinks(folder);
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The first names in a folder, in no order. @throws UserError for a link on the way; a system error such as ENOENT */
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

/** Whether there is a file, a folder or whatever else. @throws UserError for a link on the way */
export function isPresent(file: string): boolean {
  return statOf(file) !== undefined;
}

/** What the system says of a file or folder; undefined where it is missing. @throws UserError for a link on the way */
export function statOf(file: string): fs.Stats | undefined {
  refuseLinks(file);
  return fs.lstatSync(file, { throwIfNoEntry: false });
}

/** Changes whenever somebody writes, replaces or removes the file. Reads nothing. */
export function fileStamp(file: string): string | undefined {
  const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** Removes a file, or a link itself. Nothing happens where it is missing. */
export function removeFile(file: string): void {
  refuseLinks(path.dirname(file));
  fs.rmSync(file, { force: true });
}

/** Removes a folder with all that is in it; links in it are removed and not followed. */
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

export function moveFile(from: string, to: string): void {
  refuseLinks(path.dirname(from));
  refuseLinks(path.dirname(to));
  fs.renameSync(from, to);
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
}
