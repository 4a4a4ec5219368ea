import path from 'node:path';
import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors';
import { repairCommand } from './repairHints';
import {
  decodeRecord,
  encodeRecord,
  START_LENGTH,
  summaryOf,
  type JournalRecord,
  type RecordSummary,
} from './journalRecord';
import { ofCurrentOwners, requireCurrent, takenOverError, type WriteFence } from './writeFence';
import { replaceFile, storageError, writeDurably, type LedgerFile, type LedgerFs } from './ledgerFs';

/**
 * The append-only file that makes a batch durable before it is acknowledged. Opening and reading it writes nothing; a
 * record that a crash left half written is cut off by the first append.
 */
export class Journal {
  private file: LedgerFile | undefined;
  /** Bytes of whole records; anything after them is a remnant of a write that was never acknowledged. */
  private length = 0;
  private remnant = false;
  /** The replacement of the file is not synced yet: after a power failure the old one may be back. */
  private nameUnsynced = false;
  /** The process that wrote the records may have ended before they were on the disk. */
  private unsynced = false;
  /** Summaries of its records: a journal without needed records is cut without being read again. */
  private summaries: RecordSummary[] = [];
  /** Content at the time of opening, until the journal is opened for writing. */
  private initial: Buffer | undefined;

  private constructor(
    private readonly fs: LedgerFs,
    readonly path: string,
    private readonly fence?: WriteFence,
    /** Called when the file was gone and has been rewritten. */
    private readonly onRestored: (message: string) => void = () => undefined,
  ) {}

  /** Reads the journal. Throws if it is damaged in the middle, after keeping a copy aside. */
  static async load(
    fs: LedgerFs,
    file: string,
    fence?: WriteFence,
    onRestored?: (message: string) => void,
    /** Returns the readable records of a damaged journal, which then must not be written. */
    tolerant = false,
  ): Promise<{ journal: Journal; records: JournalRecord[]; refused: number; damage?: UserError }> {
    const journal = new Journal(fs, file, fence, onRestored);
    const bytes = fs.read(file);
    journal.remnant = !bytes || bytes.length === 0; // so that the first append syncs the file and its folder
    if (!bytes) return { journal, records: [], refused: 0 };
    const scan = scanJournal(bytes);
    if (scan.damagedLine !== undefined) {
      const damage = await damageError(fs, file, bytes, scan.damagedLine);
      if (!tolerant) throw damage;
      return { journal, records: readableRecords(bytes), refused: 0, damage };
    }
    journal.length = scan.length;
    journal.initial = bytes.subarray(0, scan.length);
    journal.remnant ||= scan.length < bytes.length;
    journal.unsynced = scan.length > 0;
    await journal.syncRead().catch(() => undefined); // a full disk can still be read; retried before a write
    const { kept, refused } = ofCurrentOwners(scan.records);
    journal.summaries = kept.map(summaryOf);
    return { journal, records: kept, refused };
  }

  get size(): number {
    return this.length;
  }

  /** All records that were acknowledged and not yet dropped. */
  records(): JournalRecord[] {
    if (this.length === 0) return [];
    const bytes = this.fs.read(this.path)?.subarray(0, this.length) ?? Buffer.alloc(0);
    return ofCurrentOwners(scanJournal(bytes).records).kept;
  }

  /**
   * Makes the records durable that were read when the journal was opened: other ledgers may depend on them, so a power
   * failure must not revert them and keep those consequences.
   */
  async syncRead(): Promise<void> {
    if (!this.unsynced || this.fs.stamp(this.path) === undefined) return;
    try {
      await this.fs.syncFile(this.path);
      await this.fs.syncDirectory(path.dirname(this.path));
      this.unsynced = false;
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  /**
   * Resolves when the records are on the disk. If that fails, what was written of them is cut off, now or by the next
   * append.
   * @throws UserError `unavailable` if another process has the ledger: its writes are left alone
   */
  async append(records: readonly JournalRecord[]): Promise<void> {
    requireCurrent(this.fence); // before records of a later owner could be cut off
    try {
      const file = await this.openForAppend();
      requireCurrent(this.fence);
      if (this.fence && file.size() !== this.length) throw takenOverError();
      this.remnant = true;
      const end = writeRecords(file, records, this.length);
      await file.sync();
      this.length = end;
      this.summaries.push(...records.map(summaryOf));
      this.remnant = false;
      // Before the append is acknowledged: the file may have been removed or replaced.
      if (!isInPlace(file)) await this.restore(file.readStart?.(this.length));
    } catch (error) {
      if (this.remnant) await this.cutRemnant().catch(() => undefined); // retried by the next append
      throw storageError(error, this.path);
    }
  }

  /**
   * Replaces every record by the result of `keep`, and drops those without one.
   * @param isNeeded false if `keep` would drop the whole record
   */
  async rewrite(
    isNeeded: (record: RecordSummary) => boolean,
    keep: (record: JournalRecord) => JournalRecord | undefined,
  ): Promise<void> {
    if (this.length === 0) return;
    requireCurrent(this.fence);
    const kept = (this.summaries.some(isNeeded) ? this.records() : [])
      .map(keep)
      .filter((record) => record !== undefined);
    const bytes = bytesOf(kept);
    if (bytes.length === this.length) return;
    try {
      if (bytes.length === 0) {
        const file = await this.openForAppend();
        file.truncate(0);
        this.length = 0;
        this.summaries = [];
        this.remnant = true; // until the content is on disk: no append may overwrite the head of the old one
        await this.cutRemnant();
      } else {
        this.close(); // an open file cannot be replaced on Windows
        await this.replace(bytes);
        this.summaries = kept.map(summaryOf);
      }
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  private async replace(bytes: Buffer): Promise<void> {
    try {
      await replaceFile(this.fs, this.path, bytes);
      this.remnant = false;
    } catch (error) {
      // The new file may be in place already, only its name is not durable: the next append must not write at the old
      // end.
      if (!this.fs.read(this.path)?.equals(bytes)) throw error;
      this.remnant = this.nameUnsynced = true;
      this.length = bytes.length;
      throw error;
    }
    this.length = bytes.length;
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private async openForAppend(): Promise<LedgerFile> {
    if (this.file && !isInPlace(this.file)) await this.restore(this.file.readStart?.(this.length));
    if (!this.file && this.length > 0 && this.fs.stamp(this.path) === undefined) await this.restore(this.initial);
    if (this.file && !this.remnant) return this.file;
    this.file ??= this.fs.open(this.path);
    this.initial = undefined;
    if (this.remnant) await this.cutRemnant();
    return this.file;
  }

  /**
   * Rewrites the file that another program has removed or replaced: it is the only copy of acknowledged records. A file
   * that took its place is kept under another name.
   */
  private async restore(content: Buffer | undefined): Promise<void> {
    this.file?.close();
    this.file = undefined;
    this.fs.makeDirectory(path.dirname(this.path));
    const other = this.fs.read(this.path);
    const kept = other && other.length > 0 ? asideName(other) : undefined;
    if (kept !== undefined) this.fs.rename(this.path, path.join(path.dirname(this.path), kept));
    await replaceFile(this.fs, this.path, content ?? Buffer.alloc(0));
    this.length = content?.length ?? 0;
    this.remnant = this.length === 0;
    this.onRestored(
      `${this.path} was ${kept === undefined ? 'removed' : 'replaced'} by another program and has been rewritten from memory${kept === undefined ? '' : `; what stood there is kept as ${kept}`}`,
    );
  }

  private async cutRemnant(): Promise<void> {
    if (!this.file) return;
    this.file.truncate(this.length);
    await this.file.sync();
    if (this.length === 0 || this.nameUnsynced) await this.fs.syncDirectory(path.dirname(this.path));
    this.nameUnsynced = false;
    this.remnant = false;
  }
}

/**
 * Writes records. Small records, which nearly all are, share one write; a large one is never in memory as a whole: the
 * start of its line, without which the line is invalid, is written last.
 * @returns the end of the last one
 */
function writeRecords(file: LedgerFile, records: readonly JournalRecord[], position: number): number {
  const small: Buffer[] = [];
  let end = position;
  const write = (...pieces: Buffer[]): void => {
    const bytes = Buffer.concat(pieces);
    file.write(bytes, end);
    end += bytes.length;
  };
  for (const record of records) {
    const pieces = encodeRecord(record);
    const first = pieces.next();
    if (first.done) throw new Error('a record has at least one piece');
    let next = pieces.next();
    if (next.done) {
      small.push(next.value, first.value);
      continue;
    }
    if (small.length > 0) write(...small.splice(0));
    const at = end;
    write(Buffer.alloc(START_LENGTH, ' '), first.value);
    for (; !next.done; next = pieces.next()) write(next.value);
    file.write(next.value, at);
  }
  if (small.length > 0) write(...small);
  return end;
}

function bytesOf(records: readonly JournalRecord[]): Buffer {
  const lines = records.map((record) => {
    const pieces: Buffer[] = [];
    const encoding = encodeRecord(record);
    let next = encoding.next();
    for (; !next.done; next = encoding.next()) pieces.push(next.value);
    return Buffer.concat([next.value, ...pieces]);
  });
  return Buffer.concat(lines);
}

function isInPlace(file: LedgerFile): boolean {
  return file.isInPlace?.() ?? true;
}

/** Name for the copy of a damaged journal. */
function asideName(bytes: Buffer): string {
  return `journal.damaged-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}.jsonl`;
}

interface Scan {
  records: JournalRecord[];
  /** Bytes up to the end of the last whole record. */
  length: number;
  /** Set if acknowledged records follow a broken line. */
  damagedLine?: number;
}

/**
 * Scans a journal. A broken end is the result of a crash: a torn line, or (after a power failure, which may write the
 * pages of one write in any order) a gap within the last group. A broken line with a later group after it is damage.
 */
export function scanJournal(bytes: Buffer): Scan {
  const records: JournalRecord[] = [];
  let length = 0;
  let brokenLine: number | undefined;
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const record = newline < 0 ? undefined : decodeRecord(bytes.toString('utf8', start, end));
    if (!record) {
      brokenLine ??= line;
    } else if (brokenLine === undefined) {
      records.push(record);
      length = end + 1;
    } else if (record.seq === record.group) {
      return { records, length, damagedLine: brokenLine };
    }
    start = end + 1;
  }
  return { records, length };
}

/** Every line of a damaged journal that is intact. */
export function readableRecords(bytes: Buffer): JournalRecord[] {
  const records = bytes
    .toString('utf8')
    .split('\n')
    .map(decodeRecord)
    .filter((record) => record !== undefined);
  return ofCurrentOwners(records).kept;
}

async function damageError(fs: LedgerFs, file: string, bytes: Buffer, line: number): Promise<UserError> {
  const name = asideName(bytes);
  const copy = path.join(path.dirname(file), name);
  await writeDurably(fs, copy, bytes).catch(() => undefined); // in a read-only folder the original stays as it is
  return new UserError(
    `${file} is damaged at line ${line}: its checksum does not match, and later changes follow it`,
    `Remove line ${line} to continue without that change: ${repairCommand(path.dirname(file))}. A copy is kept as ${name}.`,
    'unavailable',
  );
}
