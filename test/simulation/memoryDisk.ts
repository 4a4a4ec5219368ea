import type { LedgerFile, LedgerFs } from '../../server/src/beads/storage/ledgerFs';

/** A file: `bytes` may have room behind its `length`, so that appending copies nothing. */
interface Entry {
  bytes: Buffer;
  length: number;
  /** What is on the platter. Its bytes are never written to again. */
  durable: Buffer;
  version: number;
}

/** A disk in memory. What was not synced when the power goes is gone, as on a real one. */
export class MemoryDisk {
  private readonly files = new Map<string, Entry>();
  private versions = 0;

  /** The files as a process sees them that dies when `isAlive` turns false. */
  mount(isAlive: () => boolean, isFull: () => boolean = () => false): LedgerFs {
    const check = (): void => {
      if (!isAlive()) throw new Error('this process is dead');
      if (isFull()) throw Object.assign(new Error('no space left on the disk'), { code: 'ENOSPC' });
    };
    return {
      read: (file) => this.current(file),
      readParts: (file, parts) => {
        const bytes = this.current(file);
        return bytes ? parts.map(({ start, length }) => bytes.subarray(start, start + length)) : [];
      },
      stamp: (file) => this.files.get(file)?.version.toString(),
      open: (file, kind) => {
        check();
        if (kind === 'new') this.files.delete(file);
        const entry = this.files.get(file) ?? this.create();
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
      syncFile: async (file) => {
        if (!isAlive()) throw new Error('this process is dead');
        const entry = this.files.get(file);
        if (entry) entry.durable = entry.bytes.subarray(0, entry.length);
      },
      syncDirectory: async () => {
        if (!isAlive()) throw new Error('this process is dead');
      },
    };
  }

  /** kill -9 keeps what was written; a power cut keeps only what was synced. */
  powerCut(): void {
    for (const entry of this.files.values()) {
      entry.bytes = entry.durable;
      entry.length = entry.durable.length;
      entry.version = ++this.versions;
    }
  }

  private create(): Entry {
    return { bytes: Buffer.alloc(0), length: 0, durable: Buffer.alloc(0), version: ++this.versions };
  }

  private current(file: string): Buffer | undefined {
    const entry = this.files.get(file);
    return entry?.bytes.subarray(0, entry.length);
  }

  private openFile(entry: Entry, check: () => void): LedgerFile {
    return {
      size: () => entry.length,
      write: (bytes, position) => {
        check();
        this.write(entry, bytes, position);
      },
      truncate: (length) => {
        check();
        // What is written behind the new end must not change the bytes that were there, which others may hold.
        entry.bytes = Buffer.from(entry.bytes.subarray(0, length));
        entry.length = entry.bytes.length;
        entry.version = ++this.versions;
      },
      sync: async () => {
        await new Promise((done) => setImmediate(done));
        check();
        entry.durable = entry.bytes.subarray(0, entry.length);
      },
      close: () => undefined,
    };
  }

  private write(entry: Entry, bytes: Buffer, position: number): void {
    const end = position + bytes.length;
    if (position < entry.length || end > entry.bytes.length) {
      const grown = Buffer.alloc(Math.max(entry.length, end) * 2);
      entry.bytes.copy(grown, 0, 0, entry.length);
      entry.bytes = grown;
    }
    bytes.copy(entry.bytes, position);
    entry.length = Math.max(entry.length, end);
    entry.version = ++this.versions;
  }
}
