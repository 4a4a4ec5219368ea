import type { AuditEvent } from '../../protocol/bead';
import type { CheckpointWriter } from './checkpointFile';
import type { EventLog } from './eventLog';
import type { JournalEvent, JournalItem, JournalRecord } from './journalRecord';
import type { JournaledChange, Ledger } from './ledger';
import type { Sequence } from './sequence';
import { ownerOf, requireCurrent, type WriteFence } from './writeFence';
import type { StoreState } from '../index/storeState';

/** A checkpoint under way. */
export interface Checkpoint {
  /** Number of the last record that the files will contain. */
  seq: number;
  ledgers: readonly Ledger[];
  /** Ledgers whose file another program has written. */
  changed: Ledger[];
  failed: Map<string, unknown>;
}

/** Dependencies of a checkpointer. */
export interface CheckpointerParts {
  state: StoreState;
  sequence: Sequence;
  /** How long the results of operations are kept for clients that repeat a request. */
  operationLifetimeMs: number;
  fence: WriteFence | undefined;
  writer: CheckpointWriter;
  clock: () => Date;
  /** Called with the beads that another program has changed in the file of a ledger. */
  merged: (ledger: Ledger, ids: string[]) => void;
}

/**
 * Transfers changes from journals to files: hands out changes that one ledger's journal contains for another, and
 * writes checkpoints. A journal drops a part of a record only when the ledger of that part has it in its own file.
 */
export class Checkpointer {
  /** Events in journals for ledgers that are not open. */
  private waiting: { seq: number; part: JournalEvent }[] = [];

  constructor(private readonly parts: CheckpointerParts) {}

  /** Changes in the journals of the open ledgers for another one. */
  itemsFor(name: string): JournaledChange[] {
    const records = [...this.parts.state.ledgers.values()]
      .filter((ledger) => ledger.name !== name)
      .flatMap((ledger) => ledger.journal.records());
    return records.flatMap((record) =>
      record.items.filter((item) => item.ledger === name).map((item) => ({ seq: record.seq, item })),
    );
  }

  /** Registers the journal of a ledger that was just opened. */
  opened(ledger: Ledger, records: readonly JournalRecord[]): void {
    this.parts.sequence.sawUpTo(Math.max(ledger.lastCheckpointed, ...records.map((record) => record.seq)));
    const mine = this.waiting.filter(({ part }) => part.ledger === ledger.name);
    this.waiting = this.waiting.filter(({ part }) => part.ledger !== ledger.name);
    for (const [seq, events] of groupBy(mine, ({ seq }) => seq))
      ledger.eventLog.recover(
        seq,
        events.map(({ part }) => part.event),
      );
    for (const record of records) {
      this.passOn(
        { ...record, events: record.events.map((part) => ({ ...part, ledger: part.ledger || ledger.name })) },
        (log, seq, events) => log.recover(seq, events),
      );
    }
  }

  /** Passes a durable record's events to the audit trails. */
  keepEvents(record: Pick<JournalRecord, 'seq' | 'events'>): void {
    this.passOn(record, (log, seq, events) => log.add(seq, events));
  }

  private passOn(
    record: Pick<JournalRecord, 'seq' | 'events'>,
    give: (log: EventLog, seq: number, events: AuditEvent[]) => void,
  ): void {
    for (const [name, parts] of groupBy(record.events, (part) => part.ledger)) {
      const open = this.parts.state.ledgers.get(name);
      if (open)
        give(
          open.eventLog,
          record.seq,
          parts.map(({ event }) => event),
        );
      else for (const part of parts) this.waiting.push({ seq: record.seq, part });
    }
  }

  /** Writes pending events. Best effort: until the next checkpoint the journal has them too. */
  flushEvents(): void {
    for (const ledger of this.parts.state.ledgers.values()) {
      try {
        ledger.eventLog.flush();
      } catch {
        // The events stay pending and are written with the next ones.
      }
    }
  }

  /** Bytes of the largest journal. */
  get largestJournal(): number {
    return Math.max(0, ...[...this.parts.state.ledgers.values()].map((ledger) => ledger.journal.size));
  }

  /**
   * Writes ledgers that must be written before they can be changed. Call while nothing else changes them.
   * @returns those that cannot be written, with the reason
   */
  async writeWhereNeeded(): Promise<ReadonlyMap<string, unknown>> {
    const all = [...this.parts.state.ledgers.values()];
    const readOnly = new Map(all.filter((ledger) => ledger.isReadOnly).map((ledger) => [ledger.name, ledger.damage]));
    const needing = all.filter((ledger) => ledger.needsCheckpoint && !ledger.isReadOnly);
    if (needing.length === 0) return readOnly;
    const written = await this.write(await this.begin(needing));
    return new Map<string, unknown>([...readOnly, ...(await this.finish(written))]);
  }

  private get writable(): Ledger[] {
    return [...this.parts.state.ledgers.values()].filter((ledger) => !ledger.isReadOnly);
  }

  /** Ledgers with changes that are not in their file, or whose file was changed from outside. */
  get unwritten(): Ledger[] {
    return this.writable.filter((ledger) => ledger.isDirty || ledger.changedOutside());
  }

  /** Ledgers whose file was changed from outside. */
  get changedOutside(): Ledger[] {
    return this.writable.filter((ledger) => ledger.changedOutside());
  }

  /**
   * First part of a checkpoint, while nothing else changes the ledgers: everything up to the last record will be in the
   * files, and wisps, which are not written there, are recorded again.
   */
  async begin(ledgers: readonly Ledger[]): Promise<Checkpoint> {
    requireCurrent(this.parts.fence);
    const seq = this.parts.sequence.last;
    const failed = new Map<string, unknown>();
    for (const ledger of ledgers)
      await this.carryWisps(ledger).catch((error: unknown) => failed.set(ledger.name, error));
    return { seq, ledgers: ledgers.filter(({ name }) => !failed.has(name)), failed, changed: [] };
  }

  /** Second part: the files are written, while the ledgers may continue to change. */
  async write(checkpoint: Checkpoint): Promise<Checkpoint> {
    for (const ledger of checkpoint.ledgers) {
      try {
        if ((await ledger.checkpoint(checkpoint.seq, this.parts.writer)) === 'changed') checkpoint.changed.push(ledger);
      } catch (error) {
        checkpoint.failed.set(ledger.name, error);
      }
    }
    return checkpoint;
  }

  /**
   * Last part, while nothing else changes the ledgers: outside changes of the files are merged in.
   * @returns errors of failed writes, by ledger
   */
  async finish({ changed, failed }: Checkpoint): Promise<Map<string, unknown>> {
    for (const ledger of changed) {
      try {
        const seq = this.parts.sequence.last;
        await this.carryWisps(ledger);
        const ids = await ledger.mergeOutside(seq, this.parts.clock());
        if (ids.length === 0) continue;
        this.parts.state.changed(ids);
        this.parts.merged(ledger, ids);
      } catch (error) {
        failed.set(ledger.name, error);
      }
    }
    return failed;
  }

  private async carryWisps(ledger: Ledger): Promise<void> {
    const items = [...ledger.wisps()].map(([id, stored]): JournalItem => ({ ledger: '', id, text: stored.text }));
    if (items.length === 0) return;
    const now = this.parts.clock();
    const seq = this.parts.sequence.next(now);
    await ledger.journal.append([
      { seq, group: seq, ts: now.toISOString(), actor: 'ledger', ...ownerOf(this.parts.fence), items, events: [] },
    ]);
  }

  /** Drops from the journals the changes that are in the files and audit trails, and expired operations. */
  async trimJournals(): Promise<void> {
    const ledgers = this.writable;
    for (const ledger of ledgers) await ledger.eventLog.sync();
    const now = this.parts.clock().getTime();
    for (const ledger of ledgers) {
      const open = this.parts.state.ledgers;
      const isYoung = (ts: string): boolean => now - Date.parse(ts) <= this.parts.operationLifetimeMs;
      const needsItems = (name: string, seq: number): boolean =>
        !(open.get(name || ledger.name)?.hasCheckpointed(seq) ?? false);
      const needsEvents = (name: string): boolean => !open.has(name || ledger.name);
      await ledger.journal.rewrite(
        ({ seq, ts, hasOperation, itemLedgers, eventLedgers }) =>
          (hasOperation && isYoung(ts)) ||
          itemLedgers.some((name) => needsItems(name, seq)) ||
          eventLedgers.some(needsEvents),
        (record) => {
          const { operation, result, ...rest } = record;
          const young = operation !== undefined && isYoung(record.ts);
          const items = record.items.filter((item) => needsItems(item.ledger, record.seq));
          const events = record.events.filter((part) => needsEvents(part.ledger));
          if (!young && items.length === 0 && events.length === 0) return undefined;
          return { ...rest, group: record.seq, ...(young ? { operation, result } : {}), items, events };
        },
      );
    }
  }
}

function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}
