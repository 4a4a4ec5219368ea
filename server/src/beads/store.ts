import path from 'node:path';
import { AbortedError, currentSignal } from '../base/abort';
import { UserError } from '../base/errors';
import { IdempotencyCache } from '../base/idempotency';
import { Emitter } from '../base/lifecycle';
import { Mutex } from '../base/mutex';
import type { AuditEvent } from '../protocol/bead';
import { Committer, type BatchMeta } from './storage/committer';
import { writeCheckpoint, type CheckpointWriter } from './storage/checkpointFile';
import { Checkpointer } from './storage/checkpointer';
import { ExternalStates } from './external/externalStates';
import type { KnownProject } from './external/projects';
import { OpenLedgers, type LedgerOptions } from './openLedgers';
import type { Ledger } from './storage/ledger';
import type { WriteFence } from './storage/writeFence';
import { realFs, type LedgerFs } from './storage/ledgerFs';
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
  private readonly openLedgers: OpenLedgers;
  /** Size of a journal that triggers a checkpoint. */
  private checkpointAt = CHECKPOINT_AT_BYTES;

  /** Fires after each durable batch, and after changes from outside were merged in. */
  readonly onDidChange: Emitter<BeadsChanged>['event'];

  private constructor(
    state: StoreState,
    fs: LedgerFs,
    clock: () => Date,
    random: () => number,
    private readonly onError: (error: unknown) => void,
    fence: WriteFence | undefined,
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
    this.openLedgers = new OpenLedgers({
      state,
      fs,
      clock,
      fence,
      checkpointer: this.checkpointer,
      operations: this.operations,
      changed: (ids) => this.fire({ ids, events: [] }),
      onError,
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
    await this.lock.run(() => this.openLedgers.add(options));
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
      if (this.openLedgers.hasDamaged) await this.openLedgers.reopenRepaired().catch(this.onError);
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
      if (this.openLedgers.hasDamaged) await this.lock.run(() => this.openLedgers.reopenRepaired());
      await this.writeLedgers(() => this.checkpointer.changedOutside);
    });
  }

  /**
   * Reopens the ledgers whose files other programs have changed, as another process would: only the files and the
   * journals count, and nothing is written.
   */
  async reopenChanged(): Promise<void> {
    await this.checkpoints.run(() => this.lock.run(() => this.openLedgers.reopenChanged()));
  }

  /** Whether changes of this process are only in a journal. */
  get isUnsaved(): boolean {
    return [...this.state.ledgers.values()].some((ledger) => ledger.hasUnwrittenChanges);
  }

  /** Whether other programs have changed the files since they were read. Cheap. */
  async isOutdated(): Promise<boolean> {
    if (this.openLedgers.isDamageOutdated) return true;
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

  /** Damage that keeps ledgers from being written or merged, for the user to repair. */
  damages(): ReturnType<OpenLedgers['damages']> {
    return this.openLedgers.damages();
  }

  get revision(): number {
    return this.currentRevision;
  }

  // ---------------------------------------------------------------- inside

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
