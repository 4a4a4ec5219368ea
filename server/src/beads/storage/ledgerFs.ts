import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { UserError, machineProblem, messageOf } from '../../base/errors';
import {
  createExclusively,
  moveFile,
  openForUpdate,
  readFileBytes,
  readFileParts,
  removeFile,
} from '../../base/safeFiles';
import { fileStamp } from '../../base/safePaths';
import { makeFolder } from '../../base/safeFolders';
import { syncDirectory, syncFile } from '../../base/syncToDisk';

import type { FilePart } from './eventOffsets';

/** The largest file of a ledger that is read: beyond it the text of its beads does not fit into one string. */
export const MAX_LEDGER_BYTES = 512 * 1024 * 1024;

/**
 * Every file operation of a ledger goes through here, so that tests can fail or crash each one.
 * Only the slow part is asynchronous: waiting for the disk must not stop readers.
 */
export interface LedgerFs {
  /** The file's bytes, or undefined where there is no such file. */
  read(file: string): Buffer | undefined;
  /** Parts of a file, each shorter where the file ends within it; none where there is no such file. */
  readParts(file: string, parts: readonly FilePart[]): Buffer[];
  /** Changes whenever somebody writes or replaces the file; undefined where there is none. Reads nothing. */
  stamp(file: string): string | undefined;
  /**
   * Opens for reading and writing, creating the file where it is missing.
   * @param kind `new`: whatever has this name is removed, and the file created
   */
  open(file: string, kind?: 'new'): LedgerFile;
  rename(from: string, to: string): void;
  remove(file: string): void;
  makeDirectory(directory: string): void;
  /** Makes the content of a file durable, whoever wrote it. */
  syncFile(file: string): Promise<void>;
  /** Makes new and renamed entries of a folder durable. */
  syncDirectory(directory: string): Promise<void>;
}

export interface LedgerFile {
  /** Bytes that the file has now, whoever wrote them. */
  size(): number;
  write(bytes: Buffer, position: number): void;
  truncate(length: number): void;
  sync(): Promise<void>;
  close(): void;
  /** False once the name that it was opened by means another file, or none: what is written would be lost. */
  isInPlace?(): boolean;
  /** Its first bytes, also after its name was removed. */
  readStart?(length: number): Buffer;
}

const fsync = promisify(fs.fsync);

class RealFile implements LedgerFile {
  constructor(
    private readonly fd: number,
    private readonly name: string,
  ) {}

  size(): number {
    return fs.fstatSync(this.fd).size;
  }

  write(bytes: Buffer, position: number): void {
    for (let done = 0; done < bytes.length; )
      done += fs.writeSync(this.fd, bytes, done, bytes.length - done, position + done);
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.fd, length);
  }

  async sync(): Promise<void> {
    await fsync(this.fd);
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  isInPlace(): boolean {
    const named = fs.lstatSync(this.name, { bigint: true, throwIfNoEntry: false });
    const opened = fs.fstatSync(this.fd, { bigint: true });
    return named?.ino === opened.ino && named.dev === opened.dev;
  }

  readStart(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    for (let read = -1; read !== 0 && done < length; done += read)
      read = fs.readSync(this.fd, bytes, done, length - done, done);
    return bytes.subarray(0, done);
  }
}

export const realFs: LedgerFs = {
  read: (file) => readFileBytes(file, MAX_LEDGER_BYTES),
  readParts: readFileParts,
  stamp: fileStamp,
  open(file, kind) {
    if (kind !== 'new') return new RealFile(openForUpdate(file), file);
    removeFile(file);
    return new RealFile(createExclusively(file), file);
  },
  rename: moveFile,
  remove: removeFile,
  makeDirectory: (directory) => makeFolder(directory),
  syncFile,
  syncDirectory,
};

/** Writes a file and waits until its content is on the disk. The name may still be lost in a crash. */
export async function writeDurably(
  files: LedgerFs,
  file: string,
  bytes: Buffer | Iterable<Buffer>,
  /** Makes the start of the file when all of it was written, as long as it was first. */
  startOf?: () => Buffer,
): Promise<void> {
  const handle = files.open(file, 'new');
  try {
    handle.truncate(0);
    let position = 0;
    for (const piece of Buffer.isBuffer(bytes) ? [bytes] : bytes) {
      handle.write(piece, position);
      position += piece.length;
    }
    if (startOf) handle.write(startOf(), 0);
    await handle.sync();
  } finally {
    handle.close();
  }
}

/**
 * Replaces a file so that a crash at any point leaves the old or the new content.
 * @param check runs at the last moment before the new content takes the old one's place and may throw
 */
export async function replaceFile(
  files: LedgerFs,
  file: string,
  bytes: Buffer | Iterable<Buffer>,
  check?: () => void,
): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    await writeDurably(files, temporary, bytes);
    check?.();
    files.rename(temporary, file);
  } catch (error) {
    try {
      files.remove(temporary);
    } catch {
      // Report the first error.
    }
    throw error;
  }
  await files.syncDirectory(path.dirname(file));
}

/** What a person is told when the disk refuses. */
export function storageError(error: unknown, file: string): Error {
  if (error instanceof UserError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const problem = machineProblem(error);
  if (problem)
    return new UserError(
      `cannot write ${file}: ${problem.text}`,
      `${problem.hint} Nothing was changed.`,
      'unavailable',
    );
  if (code !== undefined)
    return new UserError(`cannot write ${file}: ${messageOf(error)}`, 'Nothing was changed.', 'unavailable');
  return error instanceof Error ? error : new Error(messageOf(error));
}
