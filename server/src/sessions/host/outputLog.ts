import fs from 'node:fs';
import path from 'node:path';

/**
 * A session's raw output on disk, at most twice `limit` bytes: when the file is full it replaces `<file>.1`.
 * A disk that refuses (full, read-only) ends the logging, never the session.
 */
export class OutputLog {
  private fd: number | undefined;
  private size = 0;

  constructor(
    private readonly file: string,
    private readonly limit = 5 * 1024 * 1024,
  ) {
    this.guard(() => {
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      this.open('w');
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
    fs.renameSync(this.file, `${this.file}.1`);
    this.open('w');
  }

  private open(flags: string): void {
    this.fd = fs.openSync(this.file, flags, 0o600);
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
  let names: string[];
  try {
    names = fs.readdirSync(directory).filter((name) => /\.log(\.1)?$/.test(name));
  } catch {
    return; // nothing was ever logged
  }
  const files = names
    .map((name) => path.join(directory, name))
    .map((file) => ({ file, time: fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time);
  for (const { file } of files.slice(keep)) fs.rmSync(file, { force: true });
}
