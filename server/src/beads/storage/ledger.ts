import path from 'node:path';
import {
  hashOf,
  readBase,
  writeText,
  type CheckpointJob,
  type CheckpointResult,
  type CheckpointWriter,
} from './checkpointFile';
import { decodeLine, isStored, type Stored } from './codec';
import { EventLog } from './eventLog';
import { Journal } from './journal';
import type { JournalItem, JournalRecord } from './journalRecord';
import { UserError } from '../../base/errors';
import { guessPrefix, isBlank, readLedgerFiles, type LedgerFiles } from './ledgerFiles';
import { configText, readLedgerConfig, type LedgerConfig } from './ledgerConfig';
import { storageError, type LedgerFs } from './ledgerFs';
import { bytesOf, parseLedgerText, withBeads, type LedgerText, type LineProblem } from './ledgerText';
import { StoredChanges } from './lineChanges';
import { keepLocal } from './localMetadata';
import { mergeBeads } from '../merge/merge';
import type { WriteFence } from './writeFence';

/** A change of a bead in a journal, of this ledger or of another one. */
export interface JournaledChange {
  seq: number;
  item: JournalItem;
}

/**
 * One `.beads` folder: the beads of `issues.jsonl` and of the journal. Opening writes nothing.
 *
 * A checkpoint writes the changes into the file (`checkpointFile.ts`); afterwards the journals drop them, so that a
 * crash at any point loses and repeats nothing. The file's text is not kept in memory: a checkpoint reads it again.
 */
export class Ledger {
  readonly entries = new Map<string, Stored>();
  /** Beads that have a line in the file. */
  private readonly inFile: Set<string>;
  /** Lines of the file that could not be read; they are kept as they are. */
  problems: readonly LineProblem[];
  /** Hash of the file as it was last read or written. */
  private hash: string;
  /** Stamp of the file at that time. */
  private stamp: string | undefined;
  /** Ephemeral beads that came from journals; those among them without a line in the file are wisps. */
  private readonly ephemeral = new Set<string>();
  /** Changes in memory that are not in the file, by id; undefined for a removed bead. */
  private dirty = new Map<string, Stored | undefined>();
  /** Changes from outside were merged in: the file must be written before anything else is written. */
  private mustCheckpoint = false;
  private hasBase: boolean;
  /** Problem that keeps the file from being written or merged; undefined if there is none. */
  damage: UserError | undefined;
  /** The ledger was damaged when it was opened: nothing is written until it is repaired and reopened. */
  isReadOnly = false;
  /** Records up to this number are in `base.jsonl`. */
  private checkpointedSeq: number;
  private writing: Promise<void> | undefined;

  private constructor(
    readonly name: string,
    readonly directory: string,
    readonly prefix: string,
    private settings: LedgerConfig,
    private readonly fs: LedgerFs,
    readonly journal: Journal,
    readonly eventLog: EventLog,
    { text, hash, stamp, base }: LedgerFiles,
  ) {
    this.problems = text.problems;
    this.hash = hash;
    this.stamp = stamp;
    this.hasBase = base !== undefined;
    this.checkpointedSeq = base?.seq ?? 0;
    this.inFile = new Set(text.beads.keys());
  }

  static async load(
    fs: LedgerFs,
    options: {
      name: string;
      directory: string;
      prefix?: string;
      foreign: readonly JournaledChange[];
      now: Date;
      fence?: WriteFence | undefined;
      /** Hash of the file when all of its lines were readable. */
      soundHash?: string | undefined;
      /** Opens even a damaged ledger, read-only: `damage` has the reason. */
      tolerant?: boolean;
      /** Called with a message if a removed file was rewritten. */
      report?: (message: string) => void;
    },
  ): Promise<{ ledger: Ledger; records: JournalRecord[]; refused: number }> {
    const { name, directory } = options;
    const config = readLedgerConfig(fs, directory);
    const { journal, records, refused, ...journalState } = await Journal.load(
      fs,
      path.join(directory, 'journal.jsonl'),
      options.fence,
      (message) => {
        options.report?.(message);
        ledger.restoreFolder();
      },
      options.tolerant,
    );
    const files = readLedgerFiles(fs, directory, path.join(directory, config.issuesFile), options);
    const prefix = options.prefix ?? config.prefix ?? guessPrefix(directory, files.text.beads.keys());
    const eventLog = new EventLog(fs, path.join(directory, 'events.jsonl'));
    const ledger = new Ledger(name, directory, prefix, config, fs, journal, eventLog, files);
    ledger.damage = files.damage ?? journalState.damage;
    ledger.isReadOnly = ledger.damage !== undefined;
    ledger.takeOver(files, [...ownItems(records), ...options.foreign], options.now);
    return { ledger, records, refused };
  }

  /** Applies the last checkpoint, then later changes of the journals, then outside changes of the file. */
  private takeOver(files: LedgerFiles, journaled: readonly JournaledChange[], now: Date): void {
    const { text, base, isLost, isUnchanged, isUnfinished } = files;
    const items = journaled.filter(({ seq }) => seq > this.checkpointedSeq).sort((a, b) => a.seq - b.seq);
    // Without a base and a journal there are no changes of ours yet.
    const beads = base?.beads ?? (items.length === 0 ? text.beads : undefined);
    for (const [id, stored] of beads ?? []) this.entries.set(id, stored);
    for (const { item } of items) this.replay(item);
    this.mustCheckpoint = isUnfinished;
    if (!isLost && (isUnchanged || (!base && items.length === 0))) return;
    this.adoptMerge(this.mergedWith(text, base?.beads ?? new Map(), now));
    this.mustCheckpoint = true;
  }

  get issuesFile(): string {
    return path.join(this.directory, this.config.issuesFile);
  }

  get config(): LedgerConfig {
    return this.settings;
  }

  /** Reads the configuration again: custom names may have changed; the file of beads stays the same one. */
  readConfig(): void {
    this.settings = { ...readLedgerConfig(this.fs, this.directory), issuesFile: this.settings.issuesFile };
  }

  /**
   * Hash of the ledger's file; undefined if the file differs from the one that was read and has to be written first.
   */
  get fileHash(): string | undefined {
    return this.mustCheckpoint ? undefined : this.hash;
  }

  /** Hash of the ledger's file if that contains every bead and all of its lines are readable. */
  get soundHash(): string | undefined {
    return this.isDirty || this.problems.length > 0 ? undefined : this.hash;
  }

  /** The file, if it contains every bead, all of its lines are readable, and it has no outside changes. */
  soundFile(): Buffer | undefined {
    if (this.soundHash === undefined || this.fs.stamp(this.issuesFile) !== this.stamp) return undefined;
    return this.fs.read(this.issuesFile);
  }

  /** Beads that differ from the file, and removed ones. */
  notInFile(): Iterable<string> {
    return this.dirty.keys();
  }

  /** Whether any bead was changed here and is not in the file yet. */
  get hasUnwrittenChanges(): boolean {
    return this.dirty.size > 0;
  }

  get isDirty(): boolean {
    return this.dirty.size > 0 || this.mustCheckpoint;
  }

  /** Number of the last record that is in the file. */
  get lastCheckpointed(): number {
    return this.checkpointedSeq;
  }

  /** True once a record's changes are in the file, so no journal has to keep them. */
  hasCheckpointed(seq: number): boolean {
    return seq <= this.checkpointedSeq;
  }

  /** Wisps: they exist in journals and memory only, unless another tool wrote them into the file. */
  *wisps(): Generator<[string, Stored]> {
    for (const id of this.ephemeral) {
      const entry = this.entries.get(id);
      if (entry && this.isWisp(id, entry)) yield [id, entry];
    }
  }

  /** Applies a durable change. */
  apply(id: string, stored: Stored | undefined): void {
    this.dirty.set(id, stored);
    if (stored?.isEphemeral) this.ephemeral.add(id);
    else this.ephemeral.delete(id);
    if (stored) this.entries.set(id, stored);
    else this.entries.delete(id);
  }

  /**
   * Whether the file must be written before a journal gets changes of this ledger: without a base (`base.jsonl`) later
   * changes of the file from outside cannot be told from ours.
   */
  get needsCheckpoint(): boolean {
    return this.mustCheckpoint || !this.hasBase;
  }

  /** Whether another program wrote the file since it was last read. Reads it only if its stat differs. */
  changedOutside(): boolean {
    const stamp = this.fs.stamp(this.issuesFile);
    if (stamp === this.stamp) return false;
    const bytes = this.fs.read(this.issuesFile);
    if ((bytes ? hashOf(bytes) : '') !== this.hash) return true;
    this.stamp = stamp;
    if (!this.isReadOnly) this.damage = undefined; // the file is again as it was before the damage
    return false;
  }

  /** If the file has changed, waits for a checkpoint that may be writing it at this moment. */
  async settled(): Promise<void> {
    while (this.writing && this.fs.stamp(this.issuesFile) !== this.stamp) await this.writing;
  }

  /**
   * Writes the changes up to record `seq` into `issues.jsonl`. Does not block other operations on the ledger: later
   * changes are for the next checkpoint.
   * @returns `changed` if the file was written by another program: then call `mergeOutside`
   */
  async checkpoint(seq: number, writer: CheckpointWriter): Promise<CheckpointResult['kind']> {
    while (this.writing) await this.writing.catch(() => undefined);
    if (this.mustCheckpoint) return 'changed';
    const changes = this.dirty;
    this.dirty = new Map();
    const write = this.write({ seq, changes }, writer);
    this.writing = write.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await write;
    } finally {
      this.writing = undefined;
    }
  }

  private async write(
    { seq, changes }: { seq: number; changes: Map<string, Stored | undefined> },
    writer: CheckpointWriter,
  ): Promise<CheckpointResult['kind']> {
    const { directory, issuesFile, hash } = this;
    const texts = new StoredChanges([...changes].filter(([id, stored]) => !this.isWisp(id, stored)));
    const added = new Set<string>();
    for (const id of texts.ids()) if (!this.inFile.has(id) && !texts.isGone(id)) added.add(id);
    const job: CheckpointJob = {
      directory,
      issuesFile,
      hash,
      seq,
      changes: texts,
      added,
      isSound: this.problems.length === 0,
    };
    let result: CheckpointResult | undefined;
    try {
      result = await writer.write(job);
      if (result.kind === 'written') {
        this.written(seq, result.hash);
        for (const id of texts.ids()) {
          if (texts.isGone(id)) this.inFile.delete(id);
          else this.inFile.add(id);
        }
      }
      return result.kind;
    } finally {
      // Failed changes remain to be written, unless they have been superseded meanwhile.
      if (result?.kind !== 'written')
        for (const [id, stored] of changes) if (!this.dirty.has(id)) this.dirty.set(id, stored);
    }
  }

  private written(seq: number, hash: string): void {
    this.hash = hash;
    this.stamp = this.fs.stamp(this.issuesFile);
    this.hasBase = true;
    this.checkpointedSeq = seq;
  }

  /**
   * Writes everything up to record `seq`, after merging in outside changes of the file.
   * @returns ids of the beads that the merge changed
   */
  async mergeOutside(seq: number, now: Date): Promise<string[]> {
    try {
      const changed = await this.tryMergeOutside(seq, now);
      this.damage = undefined;
      return changed;
    } catch (error) {
      const failure = storageError(error, this.issuesFile);
      if (failure instanceof UserError) this.damage = failure;
      throw failure;
    }
  }

  /** Restores a folder that was removed with the journal: its settings now, the file with the next checkpoint. */
  private restoreFolder(): void {
    const settings = path.join(this.directory, 'config.yaml');
    if ([settings, this.issuesFile].some((file) => this.fs.stamp(file) !== undefined)) return;
    this.mustCheckpoint = true;
    this.fs.makeDirectory(this.directory);
    const { customStatuses, customTypes } = this.config;
    const file = this.fs.open(settings);
    try {
      file.write(Buffer.from(configText(this.prefix, customStatuses, customTypes)), 0);
    } finally {
      file.close();
    }
  }

  /** Stamp of the files, to detect a repair. */
  get filesStamp(): string {
    return [this.issuesFile, this.journal.path].map((file) => this.fs.stamp(file) ?? '').join(' ');
  }

  close(): void {
    this.journal.close();
    this.eventLog.close();
  }

  private async tryMergeOutside(seq: number, now: Date): Promise<string[]> {
    const bytes = this.fs.read(this.issuesFile);
    if (!bytes && this.fs.stamp(this.journal.path) === undefined) this.restoreFolder();
    const current = bytes ?? Buffer.alloc(0);
    const hash = bytes ? hashOf(bytes) : '';
    const { base } = readBase(this.fs, this.directory, bytes && { bytes, hash });
    const outside = hash !== this.hash && !isBlank(current);
    // The base has the lines of a lost file; an unchanged file has them itself.
    const source = outside || hash === this.hash ? current : (base?.bytes ?? current);
    const template = parseLedgerText(source, this.issuesFile);
    const baseBeads = base ? parseLedgerText(base.bytes, 'base.jsonl').beads : new Map<string, Stored>();
    const merged = outside ? this.mergedWith(template, baseBeads, now) : undefined;
    const beads = new Map(
      [...(merged ?? this.entries)].filter(([id, stored]) => template.beads.has(id) || !stored.isEphemeral),
    );
    const text = withBeads(template, beads);
    const written = bytesOf(text);
    const { directory, issuesFile } = this;
    const writtenHash = await writeText(this.fs, { directory, issuesFile, seq, pieces: () => [written], current });
    // From here on the file contains the new state, and the memory must describe it.
    this.problems = text.problems;
    this.inFile.clear();
    this.dirty.clear();
    this.written(seq, writtenHash);
    for (const id of beads.keys()) this.inFile.add(id);
    this.mustCheckpoint = false;
    return merged ? this.adoptMerge(merged) : [];
  }

  /** Merges the beads of the file with ours. Without wisps, which are not in the file. */
  private mergedWith(
    file: Pick<LedgerText, 'beads'>,
    base: ReadonlyMap<string, Stored>,
    now: Date,
  ): Map<string, Stored> {
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

  private isWisp(id: string, stored: Stored | undefined): boolean {
    return stored?.isEphemeral === true && !this.inFile.has(id);
  }

  private replay(item: JournalItem): void {
    if (item.text === undefined) return this.apply(item.id, undefined);
    const decoded = decodeLine(item.text);
    if (!isStored(decoded)) throw new Error(`journal of ${this.name} contains an unreadable bead ${item.id}`);
    this.apply(item.id, decoded);
  }
}

/** Changes of a ledger's own beads in its own journal. */
function ownItems(records: readonly JournalRecord[]): JournaledChange[] {
  return records.flatMap(({ seq, items }) => items.filter((item) => item.ledger === '').map((item) => ({ seq, item })));
}
