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

/** Maximum size of a ledger's file: beyond it the text of its beads does not fit into one string. */
export const MAX_LEDGER_BYTES = 512 * 1024 * 1024;

/**
 * Every file operation of a ledger goes through here, so that tests can fail or crash each one. Only the slow part is
 * asynchronous: waiting for the disk must not block readers.
 */
export interface LedgerFs {
  /** The file's bytes, or undefined if the file does not exist. */
  read(file: string): Buffer | undefined;
  /** Reads parts of a file; a part is shorter if the file ends within it. Empty if the file does not exist. */
  readParts(file: string, parts: readonly FilePart[]): Buffer[];
  /**
   * A stamp that changes whenever the file is written or replaced; undefined if it does not exist. Does not read the
   * file.
   */
  stamp(file: string): string | undefined;
  /**
   * Opens a file for reading and writing, and creates it if it is missing.
   * @param kind `new`: an existing file is removed, and the file created
   */
  open(file: string, kind?: 'new'): LedgerFile;
  rename(from: string, to: string): void;
  remove(file: string): void;
  makeDirectory(directory: string): void;
  /** Makes the content of a file durable, even if another process wrote it. */
  syncFile(file: string): Promise<void>;
  /** Makes new and renamed entries of a folder durable. */
  syncDirectory(directory: string): Promise<void>;
}

export interface LedgerFile {
  /** Current size of the file in bytes, including writes of other processes. */
  size(): number;
  write(bytes: Buffer, position: number): void;
  truncate(length: number): void;
  sync(): Promise<void>;
  close(): void;
  /** False once its path refers to another file, or none: writes would be lost. */
  isInPlace?(): boolean;
  /** First bytes of the file, even after it was unlinked. */
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
  /** Computes the start of the file after the rest was written; it must have the same length as its placeholder. */
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
 * @param check runs at the last moment before the new content replaces the old one, and may throw
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

/** The error for a failure of the disk. */
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
