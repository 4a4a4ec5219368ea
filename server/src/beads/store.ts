import path from 'node:path';
import { AbortedError, currentSignal } from '../base/abort';
import { UserError } from '../base/errors';
import { IdempotencyCache } from '../base/idempotency';
import { Emitter } from '../base/lifecycle';
import { plural } from '../base/text';
import { Mutex } from '../base/mutex';
import type { AuditEvent } from '../protocol/bead';
import { Committer, type BatchMeta } from './storage/committer';
import type { EventLog } from './storage/eventLog';
import { writeCheckpoint, type CheckpointWriter } from './storage/checkpointFile';
import { Checkpointer } from './storage/checkpointer';
import { normalisePrefix } from './model/ids';
import type { JournalRecord } from './storage/journalRecord';
import { ExternalStates } from './external/externalStates';
import type { KnownProject } from './external/projects';
import { Ledger } from './storage/ledger';
import type { WriteFence } from './storage/writeFence';
import { realFs, type LedgerFs } from './storage/ledgerFs';
import { followRedirect } from './storage/locate';
import { BeadReader } from './queries/reader';
import { ledgerStamp } from './queries/tableReader';
import { linePlaces } from './storage/ledgerText';
import { Sequence } from './storage/sequence';
import type { Transaction } from './transaction';
import { BeadTable, type TablePlace } from './index/beadTable';
import type { IndexCache, IndexImage } from './index/indexCache';
import { StoreState } from './index/storeState';

export type { BatchMeta } from './storage/committer';
export type { BeadFilter, ListFilter, ReadyFilter } from './queries/queries';
export type { Stored } from './storage/codec';
export type { NewBead } from './model/newBead';
export type { Transaction } from './transaction';

/** How long the first result of an operation is kept by default. */
const OPERATION_LIFETIME_MS = 3_600_000;
/** Journals beyond this are written to the files, so that opening stays quick. */
const CHECKPOINT_AT_BYTES = 4 * 1024 * 1024;

export interface BeadsChanged {
  revision: number;
  ids: string[];
  events: AuditEvent[];
}

export interface StoreOptions {
  fs?: LedgerFs;
  clock?: () => Date;
  random?: () => number;
  /** Lease under which this store writes; without one no other process may have the ledgers open. */
  fence?: WriteFence | undefined;
  /** Writes the ledgers' files; by default this thread does. */
  checkpoints?: CheckpointWriter;
  /** Storage of the index between starts. */
  indexCache?: IndexCache;
  /** How long the first result of an operation is kept, in milliseconds. */
  operationLifetimeMs?: number | undefined;
  /** Path of `sql-wasm.wasm`. */
  wasm?: string;
  /** Projects of this machine that references to other projects may name, besides those that a ledger names itself. */
  projects?: () => Promise<KnownProject[]>;
  /** Called with failures of background checkpoints and of listeners, which have no waiting caller. */
  onError?: (error: unknown) => void;
}

interface LedgerOptions {
  name: string;
  directory: string;
  prefix?: string;
  tolerant?: boolean;
}

/**
 * The beads of any number of ledgers. Reads are synchronous and see exactly the durable state; all writing goes through
 * `batch`. One store at a time may have a ledger open: its owner holds the lock.
 */
export class BeadStore extends BeadReader {
  /** Held by batches, and by the parts of a checkpoint that must not run during one. */
  private readonly lock = new Mutex();
  /** One checkpoint at a time. Taken before `lock`. */
  private readonly checkpoints = new Mutex();
  private readonly changes: Emitter<BeadsChanged>;
  /** First results of recent operations, by their key. */
  readonly operations: IdempotencyCache;
  /** States of dependencies on other projects. */
  readonly externals: ExternalStates;
  private readonly sequence = new Sequence();
  private readonly checkpointer: Checkpointer;
  private readonly committer: Committer;
  private currentRevision = 0;
  private closed = false;
  /** Read-only ledgers with damaged files, with the stamp of these files. */
  private readonly damagedFiles = new Map<Ledger, string>();
  /** Size of a journal that triggers a checkpoint. */
  private checkpointAt = CHECKPOINT_AT_BYTES;

  /** Fires after each durable batch, and after changes from outside were merged in. */
  readonly onDidChange: Emitter<BeadsChanged>['event'];

  private constructor(
    state: StoreState,
    private readonly fs: LedgerFs,
    clock: () => Date,
    random: () => number,
    private readonly onError: (error: unknown) => void,
    private readonly fence: WriteFence | undefined,
    writer: CheckpointWriter,
    private readonly indexCache: IndexCache | undefined,
    operationLifetimeMs: number,
    projects: () => Promise<KnownProject[]>,
  ) {
    super(state, clock);
    this.externals = new ExternalStates({
      references: () => (this.closed ? [] : state.references()),
      openLedgers: () => [...state.ledgers.values()],
      get: (id) => state.get(id),
      labelled: (ledger, label) => this.list({ ledger, labels: [label], all: true, limit: 0 }),
      projects,
      changed: (references) => {
        if (!this.closed) this.fire({ ids: state.externalsChanged(references), events: [] });
      },
      onError,
    });
    state.externals = this.externals;
    this.operations = new IdempotencyCache(operationLifetimeMs);
    this.changes = new Emitter(onError);
    this.onDidChange = this.changes.event;
    this.checkpointer = new Checkpointer({
      state,
      sequence: this.sequence,
      operationLifetimeMs: this.operations.maxAgeMs,
      fence,
      writer,
      clock,
      merged: (ledger, ids) => this.mergedOutside(ledger, ids),
    });
    this.committer = new Committer({
      state,
      checkpointer: this.checkpointer,
      operations: this.operations,
      fence,
      sequence: this.sequence,
      clock,
      random,
      published: (batches) => this.published(batches),
    });
  }

  static async open(options: StoreOptions = {}): Promise<BeadStore> {
    const onError =
      options.onError ?? ((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
    const { wasm, clock, indexCache } = options;
    return new BeadStore(
      await StoreState.create({ wasm, ...(clock ? { clock } : {}), image: readIndex(indexCache, onError) }),
      options.fs ?? realFs,
      options.clock ?? (() => new Date()),
      options.random ?? Math.random,
      onError,
      options.fence,
      options.checkpoints ?? { write: (job) => writeCheckpoint(options.fs ?? realFs, job) },
      indexCache,
      options.operationLifetimeMs ?? OPERATION_LIFETIME_MS,
      options.projects ?? (async () => []),
    );
  }

  // ---------------------------------------------------------------- ledgers

  /**
   * Opens a `.beads` folder. Writes nothing. `prefix` defaults to that of the folder's configuration.
   * @param options.name `hq`, a rig's name, or any name for a ledger outside a town
   * @param options.tolerant opens a damaged one too: its readable part is read, and nothing is written (`damages`)
   */
  async addLedger(options: LedgerOptions): Promise<void> {
    await this.lock.run(async () => {
      if (this.state.ledgers.has(options.name))
        throw new UserError(`ledger ${options.name} is open already`, undefined, 'conflict');
      const records = await this.load(options);
      // Journals name the ledgers of their beads: an open ledger may have to take over some of them.
      const named = new Set(records.flatMap((record) => record.items.map((item) => item.ledger)));
      for (const other of [...this.state.ledgers.values()]) {
        if (other.name !== options.name && named.has(other.name)) await this.reload(other);
      }
    });
  }

  /** Writes and closes a ledger. */
  async removeLedger(name: string): Promise<void> {
    await this.checkpoints.run(async () => {
      if (!this.state.ledgers.has(name)) return;
      await this.writeLedgers(() => this.checkpointer.unwritten);
      await this.lock.run(async () => {
        this.state.ledgers.get(name)?.close();
        this.state.remove(name);
      });
    });
  }

  // ---------------------------------------------------------------- writing

  /**
   * Runs `work` and resolves with its result when everything it changed is durable. An exception rolls back all of it.
   * `work` is synchronous and may touch several ledgers: the batch is atomic over all of them. Rejects with an
   * AbortedError below a cancelled operation.
   */
  batch<T>(meta: BatchMeta, work: (tx: Transaction) => T): Promise<T> {
    if (currentSignal()?.aborted) return Promise.reject(new AbortedError());
    if (this.closed) return Promise.reject(new UserError('the ledger is closed', undefined, 'unavailable'));
    const result = this.committer.enqueue(meta, work);
    void this.lock.run(async () => {
      // The damage that this batch would be refused for may just have been repaired.
      if (this.damagedFiles.size > 0) await this.reopenMended().catch(this.onError);
      await this.committer.commitQueued();
    });
    return result;
  }

  /**
   * Writes the content of the journals into the files and merges in outside changes of these. Batches continue
   * meanwhile.
   */
  async checkpoint(): Promise<void> {
    await this.checkpoints.run(() => this.writeLedgers(() => this.checkpointer.unwritten));
    this.operations.forgetOld(this.clock().getTime());
  }

  /** Stores the index for the next start, if all beads are in the files. */
  async keepIndex(): Promise<void> {
    const { indexCache } = this;
    if (!indexCache || this.closed) return;
    await this.checkpoints.run(() => this.lock.run(async () => this.state.keepIndex(indexCache)));
  }

  /**
   * Stores the positions of a ledger's beads in its file, for commands that show them without opening it. Does nothing
   * if the file does not contain all of them.
   */
  async keepTable(ledger: string, place: TablePlace): Promise<void> {
    if (this.closed) return;
    await this.checkpoints.run(() =>
      this.lock.run(async () => {
        const [directory, issuesFile] = [this.directoryOf(ledger), path.basename(this.fileOf(ledger))];
        const stamp = ledgerStamp(directory, issuesFile);
        if (BeadTable.stampOf(place) === stamp) return;
        const source = this.state.tableSource(ledger);
        if (!source || ledgerStamp(directory, issuesFile) !== stamp) return;
        BeadTable.write(place, { stamp, issuesFile }, [...linePlaces(source.bytes)], source.dependentsOf);
      }),
    );
  }

  /** Merges in changes that other programs made in the files since they were read. */
  async refresh(): Promise<void> {
    await this.checkpoints.run(async () => {
      if (this.damagedFiles.size > 0) await this.lock.run(() => this.reopenMended());
      await this.writeLedgers(() => this.checkpointer.changedOutside);
    });
  }

  /**
   * Reopens the ledgers whose files other programs have changed, as another process would: only the files and the
   * journals count, and nothing is written.
   */
  async reopenChanged(): Promise<void> {
    await this.checkpoints.run(() =>
      this.lock.run(async () => {
        for (const ledger of [...this.state.ledgers.values()]) {
          const damage = this.damagedFiles.get(ledger);
          if (damage === undefined ? !ledger.changedOutside() : damage === ledger.filesStamp) continue;
          await this.reopen(ledger);
        }
      }),
    );
  }

  /** Whether changes of this process are only in a journal. */
  get isUnsaved(): boolean {
    return [...this.state.ledgers.values()].some((ledger) => ledger.hasUnwrittenChanges);
  }

  /** Whether other programs have changed the files since they were read. Cheap. */
  async isOutdated(): Promise<boolean> {
    for (const [ledger, seen] of this.damagedFiles) if (ledger.filesStamp !== seen) return true;
    for (const ledger of this.state.ledgers.values()) await ledger.settled();
    return this.checkpointer.changedOutside.length > 0;
  }

  /** Only the first and the last part block batches: the files are written in parallel with them. */
  private async writeLedgers(choose: () => Ledger[]): Promise<void> {
    const begun = await this.lock.run(() => this.checkpointer.begin(choose()));
    await this.checkpointer.write(begun);
    await this.lock.run(async () => {
      const failed = await this.checkpointer.finish(begun);
      await this.checkpointer.trimJournals();
      for (const error of failed.values()) throw error;
    });
  }

  /** Closes all ledgers. Changes that are not in the files stay in the journals and are read from there next time. */
  async close(): Promise<void> {
    this.closed = true;
    await this.checkpoints.run(() =>
      this.lock.run(async () => {
        this.checkpointer.flushEvents();
        for (const ledger of this.state.ledgers.values()) ledger.close();
        this.state.close();
        this.changes.dispose();
      }),
    );
  }

  get revision(): number {
    return this.currentRevision;
  }

  // ---------------------------------------------------------------- inside

  private async load(options: LedgerOptions, earlier?: EventLog): Promise<JournalRecord[]> {
    const { ledger, records } = await this.read(options, earlier);
    this.state.add(ledger);
    this.opened(ledger, records);
    return records;
  }

  private async read(
    options: LedgerOptions,
    earlier: EventLog | undefined,
  ): Promise<{ ledger: Ledger; records: JournalRecord[] }> {
    const prefix = options.prefix === undefined ? undefined : normalisePrefix(options.prefix);
    const { ledger, records, refused } = await Ledger.load(this.fs, {
      name: options.name,
      directory: followRedirect(options.directory),
      ...(prefix === undefined ? {} : { prefix }),
      foreign: this.checkpointer.itemsFor(options.name),
      now: this.clock(),
      fence: this.fence,
      ...(options.tolerant ? { tolerant: true } : {}),
      report: (message) => this.onError(new Error(message)),
      soundHash: this.state.soundHash(options.name),
    });
    if (refused > 0)
      this.onError(new Error(`${ledger.directory}: ${plural(refused, 'journal record')} of an earlier owner refused`));
    if (ledger.isReadOnly) this.damagedFiles.set(ledger, ledger.filesStamp);
    if (earlier) ledger.eventLog.inherit(earlier);
    return { ledger, records };
  }

  private opened(ledger: Ledger, records: readonly JournalRecord[]): void {
    this.checkpointer.opened(ledger, records);
    for (const record of records) {
      if (record.operation !== undefined) this.operations.set(record.operation, record.result, Date.parse(record.ts));
    }
  }

  /** Only the differences are applied to the index. */
  private async reopen(old: Ledger): Promise<void> {
    old.close();
    this.damagedFiles.delete(old);
    const { name, directory, prefix } = old;
    const { ledger, records } = await this.read({ name, directory, prefix, tolerant: true }, old.eventLog);
    const ids = new Set<string>();
    for (const [id, stored] of ledger.entries) if (old.entries.get(id)?.text !== stored.text) ids.add(id);
    for (const id of old.entries.keys()) if (!ledger.entries.has(id)) ids.add(id);
    this.state.replace(ledger, [...ids]);
    this.opened(ledger, records);
    this.fire({ ids: [...ids], events: [] });
  }

  private async reload(ledger: Ledger): Promise<void> {
    const order = [...this.state.ledgers.keys()];
    ledger.close();
    this.state.remove(ledger.name);
    const tolerant = ledger.isReadOnly;
    await this.load(
      { name: ledger.name, directory: ledger.directory, prefix: ledger.prefix, tolerant },
      ledger.eventLog,
    );
    this.state.sortLedgers(order);
  }

  /** Reopens damaged ledgers that have been repaired meanwhile. */
  private async reopenMended(): Promise<void> {
    for (const [ledger, seen] of [...this.damagedFiles]) {
      if (ledger.filesStamp === seen) continue;
      this.damagedFiles.delete(ledger);
      if (this.state.ledgers.get(ledger.name) !== ledger) continue;
      await this.reload(ledger);
      this.fire({ ids: [], events: [] });
    }
  }

  /** Damage that keeps ledgers from being written or merged, for the user to repair. */
  damages(): { ledger: string; directory: string; problem: UserError }[] {
    return [...this.state.ledgers.values()].flatMap(({ name, directory, damage }) =>
      damage ? [{ ledger: name, directory, problem: damage }] : [],
    );
  }

  private published(batches: { ids: string[]; events: AuditEvent[] }[]): void {
    for (const batch of batches) this.fire(batch);
    const size = this.checkpointer.largestJournal;
    if (size < CHECKPOINT_AT_BYTES) this.checkpointAt = CHECKPOINT_AT_BYTES;
    if (size < this.checkpointAt) return;
    this.checkpointAt = size + CHECKPOINT_AT_BYTES; // if it fails, do not retry with every batch
    this.checkpoint().catch(this.onError);
  }

  private mergedOutside(ledger: Ledger, ids: string[]): void {
    const now = this.clock();
    const event: AuditEvent = {
      ts: now.toISOString(),
      type: 'ledger_merged',
      actor: 'outside',
      rig: ledger.name,
      message: `${ids.length} bead(s) changed in ${ledger.config.issuesFile}`,
    };
    ledger.eventLog.add(this.sequence.next(now), [event]);
    this.fire({ ids, events: [event] });
  }

  private fire(change: { ids: string[]; events: AuditEvent[] }): void {
    this.currentRevision++;
    this.externals.beadsChanged(change.ids);
    this.changes.fire({ revision: this.currentRevision, ...change });
  }
}

/** An index that cannot be read is recreated. */
function readIndex(cache: IndexCache | undefined, onError: (error: unknown) => void): IndexImage | undefined {
  try {
    return cache?.read();
  } catch (error) {
    onError(error);
    return undefined;
  }
}
