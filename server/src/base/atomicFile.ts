import fs from 'node:fs';
import path from 'node:path';

/**
 * Replaces a file so that a reader, or a crash at any instruction, sees the old text or the new text
 * and nothing between: temporary file beside it, fsync, rename, fsync of the folder.
 */
export function writeFileAtomic(file: string, text: string | Uint8Array, mode = 0o644): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
  try {
    const fd = fs.openSync(temporary, 'wx', mode);
    try {
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  fsyncDirectory(path.dirname(file));
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

/** The file's text, or undefined where there is no such file. Other failures are thrown. */
export function readTextIfPresent(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Bytes that are read at once at least. */
const MIN_READ = 65_536;

/**
 * Text of a file that somebody else chose: only of a regular file, and no more than so many bytes. A pipe would wait for
 * ever, and a device never end; git brings links to both along.
 * @returns undefined where there is none
 * @throws Error for whatever is no such file
 */
export function readPlainFile(file: string, maxBytes: number): string | undefined {
  let fd: number;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > maxBytes) throw tooLarge(maxBytes);
    // Some files say that they are empty and never end, others grow while they are read.
    const bytes = Buffer.alloc(Math.max(stat.size + 1, MIN_READ));
    const parts: Buffer[] = [];
    let total = 0;
    for (let read = -1; read !== 0 && total <= maxBytes; total += read) {
      read = fs.readSync(fd, bytes);
      parts.push(Buffer.from(bytes.subarray(0, read)));
    }
    if (total > maxBytes) throw tooLarge(maxBytes);
    return Buffer.concat(parts).toString('utf8');
  } finally {
    fs.closeSync(fd);
  }
}

/** The path without links, so that one folder has one spelling; where there is no such folder, the absolute path. */
export function canonicalPath(given: string): string {
  const absolute = path.resolve(given);
  return fs.existsSync(absolute) ? fs.realpathSync(absolute) : absolute;
}

function tooLarge(maxBytes: number): Error {
  return new Error(`it is larger than ${maxBytes} bytes`);
}

/** JSON with two spaces and a final newline, the form of every settings file of a town. */
export function writeJsonAtomic(file: string, value: unknown, mode = 0o644): void {
  writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`, mode);
}
