import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { UserError, hasCode } from './errors';
import { makeFolder } from './safeFolders';
import { isMissing, isPresent, linkError, refuseLinks } from './safePaths';
import { fsyncDirectory } from './syncToDisk';

/* Access to regular files of known size, on paths without links: see safePaths.ts. */

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = fs.constants;
/** Links are not followed, and opening a pipe does not block. Windows has neither flag. */
const CAREFUL = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/** Settings, records, progress files: no file of this kind is larger. */
const MAX_TEXT_BYTES = 32 * 1024 * 1024;

/** Mode of files that no other user of the machine may read. */
export const PRIVATE_FILE = 0o600;

/**
 * Opens a regular file.
 * @param flags without O_TRUNC: other kinds of files must not be modified
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
    // A pipe without a reader, a socket, a folder: it exists, but is not a regular file.
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
    `${file}: it is not a regular file`,
    'There is a pipe, a device or a folder instead. Check it, and move it away.',
    'refused',
  );
}

/** Opens a regular file for reading and writing, and creates it if it is missing. The caller closes it. */
export function openForUpdate(file: string, mode = 0o644): number {
  return openRegular(file, O_RDWR | O_CREAT, mode).fd;
}

/**
 * The lines of a file, read asynchronously in chunks, without line ends; none if the file does not exist.
 * @param maxBytes of one line; the rest of a longer line is returned as a line of its own
 * @throws as `readFileBytes` does
 */
export async function* readLines(file: string, maxBytes = MAX_TEXT_BYTES): AsyncGenerator<Buffer> {
  if (!isPresent(file)) return;
  const { fd } = openRegular(file, O_RDONLY);
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const piece = Buffer.allocUnsafe(READ_PIECE);
      const { bytesRead } = await readPart(fd, piece, 0, READ_PIECE, null);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        yield bytes.subarray(start, end);
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > maxBytes) {
        yield rest;
        rest = Buffer.alloc(0);
      }
    }
    if (rest.length > 0) yield rest;
  } finally {
    fs.closeSync(fd);
  }
}

const readPart = promisify(fs.read);
const READ_PIECE = 1024 * 1024;

/**
 * Opens a file that the user named in a command, for reading: it may be a pipe, such as that of `<(…)`. The caller
 * closes it.
 */
export function openNamed(file: string): number {
  return fs.openSync(file, O_RDONLY);
}

/**
 * Writes a file that the user named in a command. Links are followed, and a device or a pipe is written to: `/dev/null`,
 * `/dev/stdout` and `>(…)` stay what they are.
 * @throws a system error, such as EISDIR for a folder
 */
export function writeNamed(file: string, text: string): void {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() && !/^\/(?:dev|proc)\//.test(file))
    writeFileAtomic(fs.realpathSync(file), text, stat.mode & 0o777);
  else if (stat) fs.writeFileSync(file, text);
  else writeFileAtomic(file, text);
}

/** Opens one of our own files and truncates it, such as a log. The caller closes it. */
export function openForRewrite(file: string, mode = PRIVATE_FILE): number {
  const { fd } = openRegular(file, O_RDWR | O_CREAT, mode);
  fs.ftruncateSync(fd);
  fs.fchmodSync(fd, mode);
  return fd;
}

/** Opens a file for appending, and creates it if it is missing. The caller closes it. */
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
 * A file's bytes, or undefined if it does not exist.
 * @throws UserError `refused` if it is not a regular file, or larger than allowed; a system error otherwise
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

/** Minimum size of a read. */
const MIN_READ = 65_536;

/** Some files report size 0 but never end, others grow while they are read. @returns undefined beyond `maxBytes` */
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
    'Files of this kind are never that large: check its content.',
    'refused',
  );
}

/** The file's text, or undefined if there is no such file. @throws as `readFileBytes` does */
export function readTextIfPresent(file: string, maxBytes?: number): string | undefined {
  return readFileBytes(file, maxBytes)?.toString('utf8');
}

/** The last bytes of a log; empty if there is none, or it is not a regular file. */
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

/**
 * Reads parts of a file; a part is shorter if the file ends within it. Empty if the file does not exist. @throws as
 * `readFileBytes` does
 */
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

/** The first bytes of a file. @throws as `readFileBytes` does, and if the file is missing */
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
 * Replaces a file so that a reader, or a crash at any instruction, sees the old text or the new text and nothing in
 * between: temporary file next to it, fsync, rename, fsync of the folder.
 */
export function writeFileAtomic(file: string, text: string | Uint8Array, mode = 0o644): void {
  replaceWhole(file, text, mode, true);
  fsyncDirectory(path.dirname(file));
}

/**
 * Like `writeFileAtomic`, but without fsync: for files that the reader validates and can do without. Private to the
 * user.
 */
export function writeCacheFile(file: string, bytes: Uint8Array): void {
  replaceWhole(file, bytes, PRIVATE_FILE, false);
}

function replaceWhole(file: string, text: string | Uint8Array, mode: number, isSynced: boolean): void {
  makeFolder(path.dirname(file));
  refuseLinks(file);
  // A rename replaces anything, a device as well: root would be left without /dev/null.
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() === false) throw notRegular(file);
  const temporary = temporaryName(file);
  try {
    const fd = createExclusively(temporary, mode);
    try {
      fs.writeFileSync(fd, text);
      if (isSynced) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    // Errors of descriptor operations do not contain the file name.
    if (error instanceof Error) Object.assign(error, { path: file });
    throw error;
  }
}

/** JSON with two spaces and a final newline, the form of every settings file of a town. */
export function writeJsonAtomic(file: string, value: unknown, mode = 0o644): void {
  writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`, mode);
}

/** An unpredictable name next to a file, so that no link can have been planted there. Ends in `.tmp`. */
export function temporaryName(file: string): string {
  // The global `crypto`: importing `node:crypto` takes a command, which writes no file, a tenth of its time.
  const random = crypto.getRandomValues(Buffer.alloc(9));
  return `${file}.${random.toString('hex')}.tmp`;
}

/** Creates and opens a file that did not exist before, even with concurrent writers. The caller closes it. */
export function createExclusively(file: string, mode = 0o644): number {
  return fs.openSync(file, O_RDWR | O_CREAT | O_EXCL | (fs.constants.O_NOFOLLOW ?? 0), mode);
}

/** Removes a file, or a link itself. Does nothing if it is missing. */
export function removeFile(file: string): void {
  refuseLinks(path.dirname(file));
  fs.rmSync(file, { force: true });
}

export function moveFile(from: string, to: string): void {
  refuseLinks(path.dirname(from));
  refuseLinks(path.dirname(to));
  fs.renameSync(from, to);
}
