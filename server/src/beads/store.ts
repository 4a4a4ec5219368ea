import { UserError } from '../base/errors';
import { Emitter } from '../base/lifecycle';
import { Mutex } from '../base/mutex';
import type { AuditEvent, Bead, Stats } from '../protocol/bead';
import { blockedAncestor, childrenOf, descendantsOf, openBlockers, parentOf } from './blocking';
import type { Stored } from './codec';
import { Committer, type BatchMeta } from './committer';
import { canonicalStatus } from './fields';
import { Folder } from './folder';
import { normalisePrefix } from './ids';
import { Ledger } from './ledger';
import { realFs, type LedgerFs } from './ledgerFs';
import { bytesOf, compareIds, emptyText, withBeads, type LineProblem } from './ledgerText';
import { Operations } from './operations';
import { blockedIds, countBeads, labelCounts, listIds, readyIds, type BeadFilter, type ListFilter, type ReadyFilter } from './queries';
import { resolveId } from './resolveId';
import { Sequence } from './sequence';
import type { Transaction } from './transaction';
import type { LedgerRules } from './validate';
import { World } from './world';

export type { BatchMeta } from './committer';
export type { BeadFilter, ListFilter, ReadyFilter } from './queries';
export type { Stored } from './codec';
export type { NewBead, Transaction } from './transaction';

export interface BeadsChanged {
  revision: number;
  ids: string[];
  events: AuditEvent[];
}

export interface StoreOptions {
  fs?: LedgerFs;
  clock?: () => Date;
  random?: () => number;
  /** Path of `sql-wasm.wasm`. */
  wasm?: string;
  /** Told about failures of the background fold and of listeners, which no caller waits for. */
  onError?: (error: unknown) => void;
}

/**
 * The beads of any number of ledgers. Reads are synchronous and see exactly what is durable; all writing goes
 * through `batch`. One store at a time may have a ledger open: its owner holds the lock.
 */
export class BeadStore {
  private readonly alone = new Mutex();
  private readonly changes = new Emitter<BeadsChanged>();
  private readonly operations = new Operations();
  private readonly sequence = new Sequence();
  private readonly folder: Folder;
  private readonly committer: Committer;
  private currentRevision = 0;

  /** After each durable batch, and after changes from outside were merged in. */
  readonly onDidChange = this.changes.event;

  private constructor(
    private readonly world: World, private readonly fs: LedgerFs, private readonly clock: () => Date, random: () => number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.folder = new Folder(world, this.sequence, clock, (ledger, ids) => this.mergedOutside(ledger, ids));
    this.committer = new Committer(world, this.folder, this.operations, this.sequence, clock, random, (batches) => this.published(batches));
  }

  static async open(options: StoreOptions = {}): Promise<BeadStore> {
    const onError = options.onError ?? ((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
    return new BeadStore(await World.create(options.wasm), options.fs ?? realFs, options.clock ?? (() => new Date()), options.random ?? Math.random, onError);
  }

  // ---------------------------------------------------------------- ledgers

  /**
   * Opens a `.beads` folder. Writes nothing. `prefix` defaults to what the folder says.
   * @param options.name `hq`, a rig's name, or any name for a ledger outside a town
   */
  async addLedger(options: { name: string; directory: string; prefix?: string }): Promise<void> {
    await this.alone.run(async () => {
      if (this.world.ledgers.has(options.name)) throw new UserError(`ledger ${options.name} is open already`, undefined, 'conflict');
      const records = await this.load(options);
      // Journals name the ledgers of their beads: one that is open already may have to take some in.
      const named = new Set(records.flatMap((record) => record.items.map((item) => item.ledger)));
      for (const other of [...this.world.ledgers.values()]) {
        if (other.name !== options.name && named.has(other.name)) await this.reload(other);
      }
    });
  }

  /** Folds and lets go of a ledger. */
  async removeLedger(name: string): Promise<void> {
    await this.alone.run(async () => {
      const ledger = this.world.ledgers.get(name);
      if (!ledger) return;
      await this.folder.foldAll();
      ledger.close();
      this.world.remove(name);
    });
  }

  ledgerNames(): string[] {
    return [...this.world.ledgers.keys()];
  }

  /** The ledger that has the bead, or that its prefix belongs to. */
  ledgerOf(id: string): string | undefined {
    return this.world.ledgerOf(id);
  }

  prefixOf(ledger: string): string | undefined {
    return this.world.ledgers.get(ledger)?.prefix;
  }

  /** The ledger for `hq-`, `hq` or a ledger's name. */
  ledgerNamed(nameOrPrefix: string): string | undefined {
    return this.world.ledgers.has(nameOrPrefix) ? nameOrPrefix : this.world.prefixes.ledgerOfPrefix(nameOrPrefix);
  }

  prefixes(): { prefix: string; ledger: string }[] {
    return this.world.prefixes.entries().map(([prefix, ledger]) => ({ prefix, ledger }));
  }

  /** Statuses and types that the ledger's settings add. */
  rulesOf(ledger: string): LedgerRules {
    return this.world.rulesOf(ledger);
  }

  /** Lines of `issues.jsonl` that could not be read; they are kept as they are. */
  problems(ledger: string): readonly LineProblem[] {
    return this.world.ledgers.get(ledger)?.problems ?? [];
  }

  // ---------------------------------------------------------------- writing

  /**
   * Runs `work` and resolves with its result when everything it changed is durable. A throw inside rolls back
   * all of it. `work` is synchronous and may touch several ledgers: the batch is atomic over all of them.
   */
  batch<T>(meta: BatchMeta, work: (tx: Transaction) => T): Promise<T> {
    const result = this.committer.enqueue(meta, work);
    void this.alone.run(() => this.committer.commitQueued());
    return result;
  }

  /** The first result of an operation of the last hour. */
  operation(id: string): { result: unknown } | undefined {
    return this.operations.get(id);
  }

  /** Writes what the journals hold into the files and merges in what changed there. */
  async fold(): Promise<void> {
    await this.alone.run(() => this.folder.foldAll());
    this.operations.forgetOld(this.clock().getTime());
  }

  /** Merges in what others changed in the files since they were read. */
  async refresh(): Promise<void> {
    await this.alone.run(() => this.folder.refresh());
  }

  /** Lets go of all ledgers. What is not folded stays in the journals and is read from there next time. */
  async close(): Promise<void> {
    await this.alone.run(async () => {
      this.folder.flushEvents();
      for (const ledger of this.world.ledgers.values()) ledger.close();
      this.world.index.close();
      this.changes.dispose();
    });
  }

  // ---------------------------------------------------------------- reading

  get revision(): number {
    return this.currentRevision;
  }

  get(id: string): Bead | undefined {
    return this.world.get(id);
  }

  /** The id that a unique part of one means. Throws where none or several match. */
  resolve(partial: string, ledger?: string): string {
    return resolveId(this.world.index, this.world.prefixes, (id) => this.world.locate(id) !== undefined, partial, ledger);
  }

  /** Unfinished beads unless told otherwise; at most 50 unless `limit` says more. */
  list(filter: ListFilter = {}): Bead[] {
    return this.beads(listIds(this.world.index, filter));
  }

  /** Beads that can be worked on now, by priority, oldest first; at most 100 unless `limit` says more. */
  ready(filter: ReadyFilter = {}): Bead[] {
    return this.beads(readyIds(this.world.index, filter, this.clock().getTime() * 1000));
  }

  /** Unfinished beads that wait for another, or whose parent does. */
  blocked(filter: BeadFilter = {}): Bead[] {
    return this.beads(blockedIds(this.world.index, filter));
  }

  /** The open beads that a bead itself waits for. */
  blockers(id: string): Bead[] {
    return this.beads(this.blockerIds(id));
  }

  /** Also those that no open ledger has. A bead that is only blocked through an ancestor names that one. */
  blockerIds(id: string): string[] {
    const bead = this.get(id);
    if (!bead) return [];
    const own = openBlockers(this.world, bead);
    const ancestor = own.length === 0 ? blockedAncestor(this.world, bead) : undefined;
    return ancestor ? [ancestor.id] : own;
  }

  /** Beads that depend on this one. */
  dependents(id: string, type?: string): Bead[] {
    const edges = this.world.dependents(id).filter(({ edge }) => type === undefined || edge.type === type);
    return [...new Map(edges.map(({ bead }) => [bead.id, bead])).values()].sort((a, b) => compareIds(a.id, b.id));
  }

  /** Beads that this one depends on. */
  dependencies(id: string, type?: string): Bead[] {
    const edges = this.get(id)?.dependencies?.filter((edge) => type === undefined || edge.type === type) ?? [];
    return this.beads(edges.map((edge) => edge.depends_on_id));
  }

  children(id: string, recursive = false): Bead[] {
    const found = recursive ? descendantsOf(this.world, id) : childrenOf(this.world, id);
    return found.filter((bead) => bead.status !== 'tombstone');
  }

  parent(id: string): string | undefined {
    const bead = this.get(id);
    return bead && parentOf(bead);
  }

  labels(ledger?: string): { label: string; count: number }[] {
    return labelCounts(this.world.index, ledger);
  }

  stats(ledger?: string): Stats {
    const counts = countBeads(this.world.index, ledger, this.clock().getTime() * 1000);
    const of = (status: string): number => counts.byStatus.get(status) ?? 0;
    return {
      summary: {
        total_issues: counts.total, open_issues: of('open'), in_progress_issues: of('in_progress'), closed_issues: of('closed'),
        blocked_issues: counts.blocked, deferred_issues: of('deferred'), ready_issues: counts.ready, tombstone_issues: of('tombstone'),
        pinned_issues: counts.pinned, epics_eligible_for_closure: counts.epicsEligible, average_lead_time_hours: counts.leadTimeHours,
      },
    };
  }

  /** The audit trail, oldest first: the last `limit` entries (0 = all), of one bead or of everything. */
  events(id?: string, limit = 100, ledger?: string): AuditEvent[] {
    const ledgers = [...this.world.ledgers.values()].filter((candidate) => ledger === undefined || candidate.name === ledger);
    const found: { seq: number; event: AuditEvent }[] = [];
    for (const { eventLog } of ledgers) {
      let count = 0;
      for (const logged of eventLog.newestFirst()) {
        if (id !== undefined && logged.event.bead !== id) continue;
        found.push(logged);
        if (++count === limit) break;
      }
    }
    // Stable: within a batch the trails are newest first, like the batches.
    const newest = found.sort((a, b) => b.seq - a.seq).map(({ event }) => event);
    return (limit > 0 ? newest.slice(0, limit) : newest).reverse();
  }

  /** All beads of a ledger with their texts. */
  entries(ledger: string): ReadonlyMap<string, Stored> {
    return this.world.ledgers.get(ledger)?.entries ?? new Map();
  }

  /** The text of an `issues.jsonl` with a ledger's beads, sorted by id; wisps are never exported. */
  exportText(ledger: string, status?: string[]): { text: string; count: number } {
    const wanted = status && new Set(status.map(canonicalStatus));
    const beads = new Map([...this.entries(ledger)].filter(([, { bead }]) => !bead.ephemeral && (!wanted || wanted.has(bead.status))));
    return { text: bytesOf(withBeads(emptyText, beads)).toString('utf8'), count: beads.size };
  }

  /** An SQLite file with the index, for people with `sqlite3`. */
  exportDatabase(): Uint8Array {
    return this.world.index.export();
  }

  // ---------------------------------------------------------------- inside

  private async load(options: { name: string; directory: string; prefix?: string }): Promise<{ items: { ledger: string }[] }[]> {
    const prefix = options.prefix === undefined ? undefined : normalisePrefix(options.prefix);
    const { ledger, records } = await Ledger.load(this.fs, {
      name: options.name, directory: options.directory, ...(prefix === undefined ? {} : { prefix }),
      foreign: this.folder.itemsFor(options.name), now: this.clock(),
    });
    this.world.add(ledger);
    this.folder.opened(ledger, records);
    for (const record of records) {
      if (record.operation !== undefined) this.operations.set(record.operation, record.result, Date.parse(record.ts));
    }
    return records;
  }

  private async reload(ledger: Ledger): Promise<void> {
    this.folder.flushEvents();
    ledger.close();
    this.world.remove(ledger.name);
    await this.load({ name: ledger.name, directory: ledger.directory, prefix: ledger.prefix });
  }

  private beads(ids: readonly string[]): Bead[] {
    return ids.map((id) => this.get(id)).filter((bead) => bead !== undefined);
  }

  private published(batches: { ids: string[]; events: AuditEvent[] }[]): void {
    for (const batch of batches) this.fire(batch);
    if (this.folder.journalsAreLarge) this.fold().catch(this.onError);
  }

  private mergedOutside(ledger: Ledger, ids: string[]): void {
    const now = this.clock();
    const event: AuditEvent = {
      ts: now.toISOString(), type: 'ledger_merged', actor: 'outside', rig: ledger.name, message: `${ids.length} bead(s) changed in ${ledger.config.issuesFile}`,
    };
    ledger.eventLog.add(this.sequence.next(now), [event]);
    this.fire({ ids, events: [event] });
  }

  private fire(change: { ids: string[]; events: AuditEvent[] }): void {
    this.currentRevision++;
    try {
      this.changes.fire({ revision: this.currentRevision, ...change });
    } catch (error) {
      this.onError(error);
    }
  }
}
