import { createHash } from 'node:crypto';
import type { LedgerFile, LedgerFs } from '../../server/src/beads/storage/ledgerFs';

/** A disk in memory. What was not synced when the power goes is gone, as on a real one. */
export class MemoryDisk {
  private readonly files = new Map<string, { current: Buffer; durable: Buffer }>();

  /** The files as a process sees them that dies when `isAlive` turns false. */
  mount(isAlive: () => boolean, isFull: () => boolean = () => false): LedgerFs {
    const check = (): void => {
      if (!isAlive()) throw new Error('this process is dead');
      if (isFull()) throw Object.assign(new Error('no space left on the disk'), { code: 'ENOSPC' });
    };
    return {
      read: (file) => this.files.get(file)?.current,
      readParts: (file, parts) => {
        const bytes = this.files.get(file)?.current;
        return bytes ? parts.map(({ start, length }) => bytes.subarray(start, start + length)) : [];
      },
      stamp: (file) => {
        const bytes = this.files.get(file)?.current;
        return bytes && createHash('sha1').update(bytes).digest('hex');
      },
      open: (file) => {
        check();
        const entry = this.files.get(file) ?? { current: Buffer.alloc(0), durable: Buffer.alloc(0) };
        this.files.set(file, entry);
        return this.openFile(entry, check);
      },
      rename: (from, to) => {
        check();
        const entry = this.files.get(from);
        if (!entry) throw new Error(`no file ${from}`);
        this.files.delete(from);
        this.files.set(to, entry);
      },
      remove: (file) => {
        check();
        this.files.delete(file);
      },
      makeDirectory: check,
      syncDirectory: async () => check(),
    };
  }

  private openFile(entry: { current: Buffer; durable: Buffer }, check: () => void): LedgerFile {
    return {
      size: () => entry.current.length,
      write: (bytes, position) => {
        check();
        const grown = Buffer.alloc(Math.max(entry.current.length, position + bytes.length));
        entry.current.copy(grown);
        bytes.copy(grown, position);
        entry.current = grown;
      },
      truncate: (length) => {
        check();
        entry.current = Buffer.from(entry.current.subarray(0, length));
      },
      sync: async () => {
        await new Promise((done) => setImmediate(done));
        check();
        entry.durable = entry.current;
      },
      close: () => undefined,
    };
  }

  /** kill -9 keeps what was written; a power cut keeps only what was synced. */
  powerCut(): void {
    for (const entry of this.files.values()) entry.current = entry.durable;
  }
}
