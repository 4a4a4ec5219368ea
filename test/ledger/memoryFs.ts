import path from 'node:path';
import { createHash } from 'node:crypto';
import type { LedgerFile, LedgerFs } from '../../server/src/beads/storage/ledgerFs';

interface Inode {
  /** What a power cut is sure to leave. */
  durable: Buffer;
  current: Buffer;
}

type NameChange = (names: Map<string, Inode>) => void;

/**
 * Files in memory that behave as badly in a power cut as a file system may: what was not synced is there, or
 * not, or in part; names that were made or changed since the last sync of their folder are lost from some
 * point on.
 */
export class MemoryFs implements LedgerFs {
  private durableNames = new Map<string, Inode>();
  private names = new Map<string, Inode>();
  private pending: { directory: string; change: NameChange }[] = [];

  /** Sets up a file as if it had always been there. */
  put(file: string, text: string): void {
    const inode = { durable: Buffer.from(text), current: Buffer.from(text) };
    this.names.set(file, inode);
    this.durableNames.set(file, inode);
  }

  read(file: string): Buffer | undefined {
    const inode = this.names.get(file);
    return inode && Buffer.from(inode.current);
  }

  readParts(file: string, parts: readonly { start: number; length: number }[]): Buffer[] {
    const bytes = this.read(file);
    return bytes ? parts.map(({ start, length }) => bytes.subarray(start, start + length)) : [];
  }

  stamp(file: string): string | undefined {
    const inode = this.names.get(file);
    return inode && createHash('sha1').update(inode.current).digest('hex');
  }

  open(file: string): LedgerFile {
    let inode = this.names.get(file);
    if (!inode) {
      inode = { durable: Buffer.alloc(0), current: Buffer.alloc(0) };
      const made = inode;
      this.change(file, (names) => names.set(file, made));
    }
    const opened = inode;
    return {
      size: () => opened.current.length,
      write(bytes, position) {
        const length = Math.max(opened.current.length, position + bytes.length);
        const next = Buffer.alloc(length);
        opened.current.copy(next);
        bytes.copy(next, position);
        opened.current = next;
      },
      truncate(length) {
        const next = Buffer.alloc(length);
        opened.current.copy(next, 0, 0, Math.min(length, opened.current.length));
        opened.current = next;
      },
      async sync() {
        await Promise.resolve();
        opened.durable = opened.current;
      },
      close() {},
    };
  }

  rename(from: string, to: string): void {
    this.change(to, (names) => {
      const inode = names.get(from);
      names.delete(from);
      if (inode) names.set(to, inode);
    });
  }

  remove(file: string): void {
    this.change(file, (names) => names.delete(file));
  }

  makeDirectory(): void {}

  async syncFile(file: string): Promise<void> {
    await Promise.resolve();
    const inode = this.names.get(file);
    if (inode) inode.durable = inode.current;
  }

  async syncDirectory(directory: string): Promise<void> {
    await Promise.resolve();
    for (const { change } of this.pending.filter((one) => one.directory === directory)) change(this.durableNames);
    this.pending = this.pending.filter((one) => one.directory !== directory);
  }

  /** The files after a power cut. */
  afterPowerCut(random: () => number): MemoryFs {
    const after = new MemoryFs();
    const names = new Map(this.durableNames);
    for (const { change } of this.pending.slice(0, Math.floor(random() * (this.pending.length + 1)))) change(names);
    for (const [file, inode] of names) {
      const bytes = remains(inode, random);
      const kept = { durable: bytes, current: bytes };
      after.names.set(file, kept);
      after.durableNames.set(file, kept);
    }
    return after;
  }

  private change(file: string, change: NameChange): void {
    change(this.names);
    this.pending.push({ directory: path.dirname(file), change });
  }
}

/** Unsynced bytes may be on the disk, page by page, in any order; here a page is 64 bytes. */
function remains({ durable, current }: Inode, random: () => number): Buffer {
  if (durable === current) return current;
  const kind = random();
  if (kind < 0.3) return durable;
  if (kind < 0.6) return current;
  const length = random() < 0.5 ? current.length : Math.max(durable.length, Math.floor(random() * current.length));
  const mixed = Buffer.alloc(Math.min(length, Math.max(current.length, durable.length)));
  durable.copy(mixed);
  for (let page = 0; page < mixed.length; page += 64)
    if (page < current.length && random() < 0.6) current.copy(mixed, page, page, Math.min(page + 64, current.length));
  return mixed;
}
