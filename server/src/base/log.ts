import path from 'node:path';
import { appendText, moveFile } from './safeFiles';
import { makePrivateFolder } from './safeFolders';
import { statOf } from './safePaths';

export interface Log {
  info(text: string): void;
  error(text: string): void;
}

const MAX_BYTES = 5_000_000;

/** The daemon's log: one line per entry, rotated once at 5 MB. Failures to write the log are ignored. */
export class FileLog implements Log {
  constructor(private readonly file: string) {
    makePrivateFolder(path.dirname(file));
  }

  info(text: string): void {
    this.write('info', text);
  }

  error(text: string): void {
    this.write('error', text);
  }

  private write(level: string, text: string): void {
    try {
      if ((statOf(this.file)?.size ?? 0) > MAX_BYTES) moveFile(this.file, `${this.file}.1`);
      appendText(this.file, `${new Date().toISOString()} ${process.pid} ${level} ${text}\n`);
    } catch {
      // Disk full or folder gone: the work itself reports that if it matters.
    }
  }
}
