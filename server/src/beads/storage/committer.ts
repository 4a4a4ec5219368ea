import type { AuditEvent } from '../../protocol/bead';
import type { Checkpointer } from './checkpointer';
import { ChangeItem, type JournalRecord } from './journalRecord';
import type { Ledger } from './ledger';
import type { IdempotencyCache } from '../../base/idempotency';
import type { Sequence } from './sequence';
import { ownerOf, type WriteFence } from './writeFence';
import { Transaction } from '../transaction';
import { refuseOpeningHumanGates } from '../model/humanGates';
import { Overlay, type Change } from '../index/overlay';
import type { StoreState } from '../index/storeState';

export interface BatchMeta {
  actor: string;
  /**
   * Id chosen by the client: a batch that is repeated with the same one returns the first result. Later batches of the
   * request that is being handled are no repetitions.
   */
  operation?: string | undefined;
  /** The batch only stores its result as that of the whole operation. */
  isResult?: true;
  /** Kind of caller: agents have fewer rights than people. */
  kind?: 'person' | 'agent' | 'engine';
}

interface Job {
  meta: BatchMeta;
  work(tx: Transaction): unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Committed {
  changes: ReadonlyMap<string, Change>;
  record: Omit<JournalRecord, 'items'>;
}

/** Dependencies of a committer. */
export interface CommitterParts {
  state: StoreState;
  checkpointer: Checkpointer;
  operations: IdempotencyCache;
  fence: WriteFence | undefined;
  sequence: Sequence;
  clock: () => Date;
  /** Returns 0 to 1, for new ids. */
  random: () => number;
  /** Called after the write is durable. */
  published: (batches: { ids: string[]; events: AuditEvent[] }[]) => void;
}

/**
 * Runs batches one after the other and makes them durable in groups: all batches that wait while the disk is busy share
 * the next write and the next fsync. Their work runs against an overlay, so nothing reaches the ledgers or the index,
 * which readers use, until the write is durable; if it fails, the overlay is dropped.
 *
 * A group is one write to one journal, that of the first ledger it touches, and its records name the ledgers of their
 * beads. So a batch over several ledgers is as atomic as any other.
 */
export class Committer {
  private queue: Job[] = [];

  constructor(private readonly parts: CommitterParts) {}

  enqueue<T>(meta: BatchMeta, work: (tx: Transaction) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ meta, work, resolve: (result) => resolve(result as T), reject });
    });
  }

  /** Commits the queued batches. Callers must not run it concurrently. */
  async commitQueued(): Promise<void> {
    const jobs = this.queue.splice(0);
    if (jobs.length === 0) return;
    try {
      await this.commit(jobs);
    } catch (error) {
      for (const job of jobs) job.reject(error); // a bug; no effect on promises that are already settled
    }
  }

  private async commit(jobs: readonly Job[]): Promise<void> {
    const unwritable = await this.parts.checkpointer.writeWhereNeeded();
    const group = this.runGroup(jobs, unwritable);
    if (group.committed.length > 0) {
      const home = this.homeOf(group.committed);
      try {
        if (home.isReadOnly && home.damage) throw home.damage;
        for (const { journal } of this.parts.state.ledgers.values()) await journal.syncRead();
        await home.journal.append(group.committed.map((committed) => recordFor(home.name, committed)));
      } catch (error) {
        // Also those that failed on their own: the cause may be a batch that was never committed.
        for (const job of jobs) job.reject(error);
        return;
      }
      this.publish(group.committed);
      // A folder that was removed has been recreated with its journal: its file is written before any caller gets an
      // answer.
      if (home.needsCheckpoint) await this.parts.checkpointer.writeWhereNeeded();
    }
    for (const answer of group.answers) answer();
  }

  private runGroup(
    jobs: readonly Job[],
    unwritable: ReadonlyMap<string, unknown>,
  ): { committed: Committed[]; answers: (() => void)[] } {
    const groupView = new Overlay(this.parts.state);
    const results = new Map<string, unknown>();
    const committed: Committed[] = [];
    const answers: (() => void)[] = [];
    for (const job of jobs) {
      const { operation, isResult = false } = job.meta;
      const known =
        operation === undefined || isResult
          ? undefined
          : (this.parts.operations.get(operation) ??
            (results.has(operation) ? { result: results.get(operation) } : undefined));
      const isLater = known !== undefined && this.parts.operations.isRunning(operation!);
      if (known && !isLater) {
        answers.push(() => job.resolve(known.result));
        continue;
      }
      const stored = isLater ? undefined : operation;
      try {
        const view = new Overlay(groupView);
        const { record, result } = this.runJob(job, stored, { view, below: groupView }, committed[0]?.record.seq);
        for (const { ledger } of view.changes.values()) if (unwritable.has(ledger)) throw unwritable.get(ledger);
        groupView.absorb(view);
        if (record) committed.push({ changes: view.changes, record });
        if (stored !== undefined) results.set(stored, record?.result);
        answers.push(() => job.resolve(result));
      } catch (error) {
        answers.push(() => job.reject(error));
      }
    }
    return { committed, answers };
  }

  /** @param operation whose result is stored */
  private runJob(
    job: Job,
    operation: string | undefined,
    { view, below }: { view: Overlay; below: Overlay },
    group: number | undefined,
  ): { record: Committed['record'] | undefined; result: unknown } {
    const now = this.parts.clock();
    const homeLedger = this.firstLedger().name;
    const { actor, kind } = job.meta;
    const tx = new Transaction(view, {
      actor,
      // An agent's address, which distinguishes it from others that close its steps.
      ...(kind === 'agent' ? { session: actor } : {}),
      now,
      random: this.parts.random,
      homeLedger,
    });
    const result = job.work(tx);
    view.seal();
    if (job.meta.kind === 'agent') refuseOpeningHumanGates(view.changes.keys(), below, view);
    if (result instanceof Promise) throw new Error('the work of a batch must be synchronous');
    if (view.changes.size === 0 && tx.events.length === 0 && operation === undefined)
      return { record: undefined, result };
    const seq = this.parts.sequence.next(now);
    const record: Committed['record'] = {
      seq,
      group: group ?? seq,
      ts: now.toISOString(),
      actor: job.meta.actor,
      ...ownerOf(this.parts.fence),
      ...(operation === undefined ? {} : { operation, result: asJson(result) }),
      events: [...tx.events],
    };
    return { record, result };
  }

  /** The first ledger that the group touches: its journal takes the whole group. */
  private homeOf(committed: readonly Committed[]): Ledger {
    for (const { changes } of committed)
      for (const { ledger } of changes.values()) return this.parts.state.ledgers.get(ledger) ?? this.firstLedger();
    return this.firstLedger();
  }

  private firstLedger(): Ledger {
    for (const ledger of this.parts.state.ledgers.values()) return ledger;
    throw new Error('no ledger is open');
  }

  private publish(committed: readonly Committed[]): void {
    const batches: { ids: string[]; events: AuditEvent[] }[] = [];
    for (const { changes, record } of committed) {
      this.parts.state.apply(changes);
      if (record.operation !== undefined)
        this.parts.operations.set(record.operation, record.result, Date.parse(record.ts), record.seq);
      this.parts.checkpointer.keepEvents(record);
      batches.push({ ids: [...changes.keys()], events: record.events.map(({ event }) => event) });
    }
    this.parts.checkpointer.flushEvents();
    this.parts.published(batches);
  }
}

/** In a ledger's own journal its beads have no ledger name, so that the folder can be renamed or moved. */
function recordFor(home: string, { record, changes }: Committed): JournalRecord {
  const nameOf = (ledger: string): string => (ledger === home ? '' : ledger);
  return {
    ...record,
    items: [...changes].map(([id, { ledger, stored }]) => new ChangeItem(nameOf(ledger), id, stored)),
    events: record.events.map(({ ledger, event }) => ({ ledger: nameOf(ledger), event })),
  };
}

/** The result as a client that repeats the operation after a restart would get it. */
export function asJson(result: unknown): unknown {
  return result === undefined ? null : (JSON.parse(JSON.stringify(result)) as unknown);
}
