import { realFs, type LedgerFile, type LedgerFs } from '../../server/src/beads/storage/ledgerFs';

/** What a process sees of its own death: nothing. Tests see this and then forget the store. */
export class Crash extends Error {}

export interface Fault {
  /** Which of the changing operations, counted from 1, goes wrong. */
  at: number;
  /** `crash`: from then on every operation fails. A system error: this one only, or as long as `until` says. */
  kind: 'crash' | 'ENOSPC' | 'EIO';
  /** A write that goes wrong has written this part of its bytes. */
  torn?: number;
  /** With a system error: the operations up to this one fail too. */
  until?: number;
}

/** Real files with a fault before (or within) the n-th operation that changes something. */
export class FaultyFs implements LedgerFs {
  /** Changing operations so far. */
  count = 0;
  readonly log: string[] = [];
  private dead = false;

  constructor(
    private readonly fault?: Fault,
    private readonly below: LedgerFs = realFs,
  ) {}

  read(file: string): Buffer | undefined {
    if (this.dead) throw new Crash();
    return this.below.read(file);
  }

  readParts(file: string, parts: readonly { start: number; length: number }[]): Buffer[] {
    if (this.dead) throw new Crash();
    return this.below.readParts(file, parts);
  }

  stamp(file: string): string | undefined {
    if (this.dead) throw new Crash();
    return this.below.stamp(file);
  }

  open(file: string, kind?: 'new'): LedgerFile {
    this.step(`open ${file}`);
    const opened = this.below.open(file, kind);
    return {
      size: () => opened.size(),
      write: (bytes, position) => {
        this.step(`write ${bytes.length} ${file}`, (part) =>
          opened.write(bytes.subarray(0, Math.floor(bytes.length * part)), position),
        );
        opened.write(bytes, position);
      },
      truncate: (length) => {
        this.step(`truncate ${length} ${file}`);
        opened.truncate(length);
      },
      sync: async () => {
        this.step(`sync ${file}`);
        await opened.sync();
      },
      close: () => opened.close(),
      isInPlace: () => opened.isInPlace?.() ?? true,
      readStart: (length) => opened.readStart?.(length) ?? Buffer.alloc(0),
    };
  }

  rename(from: string, to: string): void {
    this.step(`rename ${to}`);
    this.below.rename(from, to);
  }

  remove(file: string): void {
    this.step(`remove ${file}`);
    this.below.remove(file);
  }

  makeDirectory(directory: string): void {
    this.step(`mkdir ${directory}`);
    this.below.makeDirectory(directory);
  }

  async syncFile(file: string): Promise<void> {
    this.step(`sync ${file}`);
    await this.below.syncFile(file);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.step(`sync ${directory}`);
    await this.below.syncDirectory(directory);
  }

  private step(name: string, partial?: (part: number) => void): void {
    if (this.dead) throw new Crash();
    this.count++;
    this.log.push(name);
    const { fault } = this;
    if (!fault || this.count < fault.at || (fault.kind !== 'crash' && this.count > (fault.until ?? fault.at))) return;
    if (
      fault.kind !== 'crash' &&
      fault.kind === 'ENOSPC' &&
      !name.startsWith('write') &&
      !name.startsWith('open') &&
      !name.startsWith('sync')
    )
      return;
    partial?.(fault.torn ?? 0);
    if (fault.kind === 'crash') {
      this.dead = true;
      throw new Crash();
    }
    throw Object.assign(new Error(`${fault.kind}: ${name}`), { code: fault.kind });
  }
}
