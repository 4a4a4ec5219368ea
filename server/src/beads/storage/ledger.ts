import path from 'node:path';
import type { WriteFence } from './writeFence';
import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors';
import { decodeLine, isStored, type Stored } from './codec';
import { EventLog } from './eventLog';
import { Journal } from './journal';
import type { JournalItem, JournalRecord } from './journalRecord';
import { ensureIgnored, readLedgerConfig, type LedgerConfig } from './ledgerConfig';
import { replaceFile, storageError, writeDurably, type LedgerFs } from './ledgerFs';
import { bytesOf, parseLedgerText, withBeads, type LedgerText } from './ledgerText';
import { keepLocal } from './localMetadata';
import { mergeBeads } from '../merge/merge';

/** A change that another ledger's journal holds for this one. */
export interface ForeignItem {
  seq: number;
  item: JournalItem;
}

/** The text of the last fold, and the number of the last record that it contains. */
interface Base {
  seq: number;
  bytes: Buffer;
}

const baseSchema = 'gastown-base/1';

/**
 * One `.beads` folder: `issues.jsonl` as last read, plus the journal. Opening writes nothing.
 *
 * Fold, in this order, each step durable before the next, so that a crash anywhere loses and repeats nothing:
 * `base.next.jsonl` (new text and the number of its last record) → `issues.jsonl` → `base.next.jsonl` becomes
 * `base.jsonl` → the journals drop what the base contains. A `base.next.jsonl` counts as the base exactly if
 * `issues.jsonl` has its text, that is, if the crash came after the second step.
 */
export class Ledger {
  readonly entries = new Map<string, Stored>();
  /** True while the memory holds beads that `issues.jsonl` has not. */
  private dirty = false;
  /** Changes from outside were merged in: the file must be written before anything else is. */
  private mustCheckpoint = false;
  /** Records up to this number are in `base.jsonl`. */
  private checkpointedSeq = 0;

  private constructor(
    readonly name: string,
    readonly directory: string,
    readonly prefix: string,
    readonly config: LedgerConfig,
    private readonly fs: LedgerFs,
    readonly journal: Journal,
    readonly eventLog: EventLog,
    private template: LedgerText,
    private hash: string,
    private base: Base | undefined,
  ) {}

  static async load(
    fs: LedgerFs,
    options: {
      name: string;
      directory: string;
      prefix?: string;
      foreign: readonly ForeignItem[];
      now: Date;
      fence?: WriteFence | undefined;
    },
  ): Promise<{ ledger: Ledger; records: JournalRecord[]; refused: number }> {
    const { name, directory, now } = options;
    const config = readLedgerConfig(fs, directory);
    const file = path.join(directory, config.issuesFile);
    const bytes = fs.read(file);
    const { journal, records, refused } = await Journal.load(fs, path.join(directory, 'journal.jsonl'), options.fence);
    const { base, unfinished } = readBase(fs, directory, bytes);
    const lost =
      base !== undefined && base.bytes.length > 0 && (bytes ?? Buffer.alloc(0)).toString('latin1').trim() === '';
    // An emptied or missing file was not edited by a person: the last fold is put back.
    const present = lost ? base.bytes : (bytes ?? Buffer.alloc(0));
    const template = parseLedgerText(present, file);
    const prefix = options.prefix ?? config.prefix ?? prefixInUse(template) ?? path.basename(path.dirname(directory));
    const ledger = new Ledger(
      name,
      directory,
      prefix,
      config,
      fs,
      journal,
      new EventLog(fs, path.join(directory, 'events.jsonl')),
      template,
      bytes ? hashOf(bytes) : '',
      base,
    );
    ledger.checkpointedSeq = base?.seq ?? 0;

    const own = records.flatMap((record) =>
      record.items.filter((item) => item.ledger === '').map((item) => ({ seq: record.seq, item })),
    );
    const items = [...own, ...options.foreign]
      .filter(({ seq }) => seq > ledger.checkpointedSeq)
      .sort((a, b) => a.seq - b.seq);
    const unchanged = base !== undefined && present.equals(base.bytes);
    const baseText = unchanged ? template : base && parseLedgerText(base.bytes, 'base.jsonl');
    // Without a base and without a journal there is nothing of ours yet.
    for (const [id, stored] of (baseText ?? (items.length === 0 ? template : undefined))?.beads ?? [])
      ledger.entries.set(id, stored);
    for (const { item } of items) ledger.replay(item);
    ledger.dirty = items.length > 0;
    ledger.mustCheckpoint = unfinished;
    if (lost || (!unchanged && (baseText || items.length > 0))) {
      ledger.adoptMerge(ledger.mergedWith(template, baseText?.beads ?? new Map(), now));
      ledger.mustCheckpoint = true;
    }
    return { ledger, records, refused };
  }

  get problems(): LedgerText['problems'] {
    return this.template.problems;
  }

  get issuesFile(): string {
    return path.join(this.directory, this.config.issuesFile);
  }

  get isDirty(): boolean {
    return this.dirty || this.mustCheckpoint;
  }

  /** Number of the last record that is in the file. */
  get lastCheckpointed(): number {
    return this.checkpointedSeq;
  }

  /** True once a record's changes are in the file, so that no journal has to keep them. */
  hasCheckpointed(seq: number): boolean {
    return seq <= this.checkpointedSeq;
  }

  /** Wisps: they live in journals and memory only, unless another tool wrote them into the file. */
  *wisps(): Generator<[string, Stored]> {
    for (const [id, entry] of this.entries) if (this.isWisp(id, entry)) yield [id, entry];
  }

  /** Takes over a durable change. */
  apply(id: string, stored: Stored | undefined): void {
    this.dirty = true;
    if (stored) this.entries.set(id, stored);
    else this.entries.delete(id);
  }

  /**
   * True where the file must be written before a journal gets changes of this ledger: later changes of the
   * file from outside can only be told from ours by a base.
   */
  get needsCheckpoint(): boolean {
    return this.mustCheckpoint || !this.base;
  }

  /** True if somebody else wrote the file since it was last read. */
  changedOutside(): boolean {
    const bytes = this.fs.read(this.issuesFile);
    return (bytes ? hashOf(bytes) : '') !== this.hash;
  }

  /**
   * Writes everything up to record `seq` into `issues.jsonl`, after merging in what changed there from outside.
   * @returns ids of the beads that the merge changed
   */
  async checkpoint(seq: number, now: Date): Promise<string[]> {
    try {
      return await this.tryCheckpoint(seq, now);
    } catch (error) {
      throw storageError(error, this.issuesFile);
    }
  }

  close(): void {
    this.journal.close();
    this.eventLog.close();
  }

  private async tryCheckpoint(seq: number, now: Date): Promise<string[]> {
    const current = this.fs.read(this.issuesFile);
    const currentHash = current ? hashOf(current) : '';
    const outside = currentHash !== this.hash && current !== undefined && current.toString('latin1').trim() !== '';
    const template = outside ? parseLedgerText(current, this.issuesFile) : this.template;
    const merged = outside ? this.mergedWith(template, this.baseBeads(), now) : undefined;
    const beads = new Map(
      [...(merged ?? this.entries)].filter(([id, stored]) => template.beads.has(id) || stored.bead.ephemeral !== true),
    );
    const text = withBeads(template, beads);
    const bytes = bytesOf(text);

    await ensureIgnored(this.fs, this.directory);
    const next = path.join(this.directory, 'base.next.jsonl');
    await writeDurably(this.fs, next, encodeBase({ seq, bytes }));
    if (!current?.equals(bytes))
      await replaceFile(this.fs, this.issuesFile, bytes, () => this.refuseIfChanged(currentHash));
    // From here on the file holds the new state, so the memory must describe it even if the rest fails.
    this.hash = hashOf(bytes);
    this.template = text;
    const changed = merged ? this.adoptMerge(merged) : [];
    this.fs.rename(next, path.join(this.directory, 'base.jsonl'));
    await this.fs.syncDirectory(this.directory);
    this.base = { seq, bytes };
    this.checkpointedSeq = seq;
    this.dirty = false;
    this.mustCheckpoint = false;
    return changed;
  }

  private refuseIfChanged(expected: string): void {
    const bytes = this.fs.read(this.issuesFile);
    if ((bytes ? hashOf(bytes) : '') !== expected) {
      throw new UserError(`${this.issuesFile} was changed by somebody else at this moment`, 'Try again.', 'conflict');
    }
  }

  private baseBeads(): ReadonlyMap<string, Stored> {
    return this.base ? parseLedgerText(this.base.bytes, 'base.jsonl').beads : new Map();
  }

  /** The beads of the file and ours, merged. Wisps take no part: the file does not know them. */
  private mergedWith(file: LedgerText, base: ReadonlyMap<string, Stored>, now: Date): Map<string, Stored> {
    const ours = new Map([...this.entries].filter(([id, entry]) => !this.isWisp(id, entry)));
    const merged = mergeBeads(base, ours, file.beads, now);
    for (const [id, stored] of merged) merged.set(id, keepLocal(stored, ours.get(id)));
    for (const [id, entry] of this.entries) if (!ours.has(id) && !merged.has(id)) merged.set(id, entry);
    return merged;
  }

  private adoptMerge(merged: ReadonlyMap<string, Stored>): string[] {
    const changed: string[] = [];
    for (const id of this.entries.keys()) {
      if (merged.has(id)) continue;
      this.entries.delete(id);
      changed.push(id);
    }
    for (const [id, stored] of merged) {
      if (this.entries.get(id)?.text === stored.text) continue;
      this.entries.set(id, stored);
      changed.push(id);
    }
    return changed;
  }

  private isWisp(id: string, stored: Stored): boolean {
    return stored.bead.ephemeral === true && !this.template.beads.has(id);
  }

  private replay(item: JournalItem): void {
    if (item.text === undefined) {
      this.entries.delete(item.id);
      return;
    }
    const decoded = decodeLine(item.text);
    if (!isStored(decoded)) throw new Error(`journal of ${this.name} holds an unreadable bead ${item.id}`);
    this.entries.set(item.id, decoded);
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function encodeBase(base: Base): Buffer {
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ _schema: baseSchema, seq: base.seq, sha256: hashOf(base.bytes) })}\n`),
    base.bytes,
  ]);
}

function decodeBase(bytes: Buffer | undefined): Base | undefined {
  const headEnd = bytes?.indexOf(10) ?? -1;
  if (!bytes || headEnd < 0) return undefined;
  try {
    const header = JSON.parse(bytes.toString('utf8', 0, headEnd)) as {
      _schema?: unknown;
      seq?: unknown;
      sha256?: unknown;
    };
    const body = bytes.subarray(headEnd + 1);
    return header._schema === baseSchema && typeof header.seq === 'number' && header.sha256 === hashOf(body)
      ? { seq: header.seq, bytes: body }
      : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the base; `unfinished` where a crash came between writing the file and renaming the base */
function readBase(
  fs: LedgerFs,
  directory: string,
  issues: Buffer | undefined,
): { base: Base | undefined; unfinished: boolean } {
  const base = decodeBase(fs.read(path.join(directory, 'base.jsonl')));
  const next = decodeBase(fs.read(path.join(directory, 'base.next.jsonl')));
  const unfinished = next !== undefined && next.seq >= (base?.seq ?? -1) && (issues?.equals(next.bytes) ?? false);
  return unfinished ? { base: next, unfinished } : { base, unfinished: false };
}

/** The prefix that most beads of the file carry, for folders whose configuration does not say. */
function prefixInUse(text: LedgerText): string | undefined {
  const counts = new Map<string, number>();
  for (const id of text.beads.keys()) {
    const prefix = id.slice(0, id.indexOf('-'));
    if (prefix) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
