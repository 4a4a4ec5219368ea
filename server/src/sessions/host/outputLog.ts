import fs from 'node:fs';
import path from 'node:path';
import { moveFile, openForRewrite } from '../../base/safeFiles';
import { makePrivateFolder, removeOldest } from '../../base/safeFolders';

/**
 * A session's raw output on disk, at most twice `limit` bytes: when the file is full it replaces `<file>.1`.
 * A write error (disk full, read-only) ends the logging, never the session.
 */
export class OutputLog {
  private fd: number | undefined;
  private size = 0;

  constructor(
    private readonly file: string,
    private readonly limit = 5 * 1024 * 1024,
  ) {
    this.guard(() => {
      makePrivateFolder(path.dirname(file));
      this.open();
    });
  }

  append(text: string): void {
    if (this.fd === undefined) return;
    const bytes = Buffer.from(text, 'utf8');
    this.guard(() => {
      if (this.size > 0 && this.size + bytes.length > this.limit) this.rotate();
      if (this.fd !== undefined) fs.writeSync(this.fd, bytes);
      this.size += bytes.length;
    });
  }

  close(): void {
    if (this.fd === undefined) return;
    const fd = this.fd;
    this.fd = undefined;
    this.guard(() => fs.closeSync(fd));
  }

  private rotate(): void {
    this.close();
    moveFile(this.file, `${this.file}.1`);
    this.open();
  }

  private open(): void {
    this.fd = openForRewrite(this.file);
    this.size = 0;
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch {
      const fd = this.fd;
      this.fd = undefined;
      if (fd !== undefined) fs.close(fd, () => undefined);
    }
  }
}

/** Removes the oldest logs of a folder beyond `keep`. */
export function pruneLogs(directory: string, keep = 200): void {
  removeOldest(directory, /\.log(\.1)?$/, keep);
}
