import { UserError } from '../base/errors';
import type { IdempotencyCache } from '../base/idempotency';
import { plural } from '../base/text';
import type { StoreState } from './index/storeState';
import { normalisePrefix } from './model/ids';
import type { Checkpointer } from './storage/checkpointer';
import type { EventLog } from './storage/eventLog';
import type { JournalRecord } from './storage/journalRecord';
import { Ledger } from './storage/ledger';
import type { LedgerFs } from './storage/ledgerFs';
import { followRedirect } from './storage/locate';
import type { WriteFence } from './storage/writeFence';

export interface LedgerOptions {
  name: string;
  directory: string;
  prefix?: string;
  tolerant?: boolean;
}

interface Needs {
  state: StoreState;
  fs: LedgerFs;
  clock: () => Date;
  fence: WriteFence | undefined;
  checkpointer: Checkpointer;
  /** First results of recent operations; those in journals are added. */
  operations: IdempotencyCache;
  /** Beads that differ after a ledger was opened again. */
  changed: (ids: string[]) => void;
  onError: (error: unknown) => void;
}

/** Opens the ledgers of a store, and opens them again after their files have changed. The caller holds the store's lock. */
export class OpenLedgers {
  /** Read-only ledgers with damaged files, with the stamp of these files. */
  private readonly damaged = new Map<Ledger, string>();

  constructor(private readonly needs: Needs) {}

  /** Opens a ledger, and reads others again whose beads its journal contains. */
  async add(options: LedgerOptions): Promise<void> {
    const { ledgers } = this.needs.state;
    if (ledgers.has(options.name)) throw new UserError(`ledger ${options.name} is open already`, undefined, 'conflict');
    const records = await this.load(options);
    // Journals name the ledgers of their beads: an open ledger may have to take over some of them.
    const named = new Set(records.flatMap((record) => record.items.map((item) => item.ledger)));
    for (const other of [...ledgers.values()]) {
      if (other.name !== options.name && named.has(other.name)) await this.reload(other);
    }
  }

  /** Whether a damaged ledger is open. */
  get hasDamaged(): boolean {
    return this.damaged.size > 0;
  }

  /** Whether the files of a damaged ledger have changed since they were read. */
  get isDamageOutdated(): boolean {
    return [...this.damaged].some(([ledger, seen]) => ledger.filesStamp !== seen);
  }

  /** Damage that keeps ledgers from being written or merged, for the user to repair. */
  damages(): { ledger: string; directory: string; problem: UserError }[] {
    return [...this.needs.state.ledgers.values()].flatMap(({ name, directory, damage }) =>
      damage ? [{ ledger: name, directory, problem: damage }] : [],
    );
  }

  /** Reopens damaged ledgers that have been repaired meanwhile. */
  async reopenRepaired(): Promise<void> {
    for (const [ledger, seen] of [...this.damaged]) {
      if (ledger.filesStamp === seen) continue;
      this.damaged.delete(ledger);
      if (this.needs.state.ledgers.get(ledger.name) !== ledger) continue;
      await this.reload(ledger);
      this.needs.changed([]);
    }
  }

  /** Reopens the ledgers whose files other programs have changed. Only the differences are applied to the index. */
  async reopenChanged(): Promise<void> {
    for (const ledger of [...this.needs.state.ledgers.values()]) {
      const damage = this.damaged.get(ledger);
      if (damage === undefined ? !ledger.changedOutside() : damage === ledger.filesStamp) continue;
      await this.reopen(ledger);
    }
  }

  private async load(options: LedgerOptions, earlier?: EventLog): Promise<JournalRecord[]> {
    const { ledger, records } = await this.read(options, earlier);
    this.needs.state.add(ledger);
    this.opened(ledger, records);
    return records;
  }

  private async read(
    options: LedgerOptions,
    earlier: EventLog | undefined,
  ): Promise<{ ledger: Ledger; records: JournalRecord[] }> {
    const { checkpointer, clock, fence, fs, onError, state } = this.needs;
    const prefix = options.prefix === undefined ? undefined : normalisePrefix(options.prefix);
    const { ledger, records, refused } = await Ledger.load(fs, {
      name: options.name,
      directory: followRedirect(options.directory),
      ...(prefix === undefined ? {} : { prefix }),
      foreign: checkpointer.itemsFor(options.name),
      now: clock(),
      fence,
      ...(options.tolerant ? { tolerant: true } : {}),
      report: (message) => onError(new Error(message)),
      soundHash: state.soundHash(options.name),
    });
    if (refused > 0)
      onError(new Error(`${ledger.directory}: ${plural(refused, 'journal record')} of an earlier owner refused`));
    if (ledger.isReadOnly) this.damaged.set(ledger, ledger.filesStamp);
    if (earlier) ledger.eventLog.inherit(earlier);
    return { ledger, records };
  }

  private opened(ledger: Ledger, records: readonly JournalRecord[]): void {
    const { checkpointer, operations } = this.needs;
    checkpointer.opened(ledger, records);
    for (const record of records) {
      if (record.operation !== undefined)
        operations.set(record.operation, record.result, Date.parse(record.ts), record.seq);
    }
  }

  private async reopen(old: Ledger): Promise<void> {
    old.close();
    this.damaged.delete(old);
    const { name, directory, prefix } = old;
    const { ledger, records } = await this.read({ name, directory, prefix, tolerant: true }, old.eventLog);
    const ids = new Set<string>();
    for (const [id, stored] of ledger.entries) if (old.entries.get(id)?.text !== stored.text) ids.add(id);
    for (const id of old.entries.keys()) if (!ledger.entries.has(id)) ids.add(id);
    this.needs.state.replace(ledger, [...ids]);
    this.opened(ledger, records);
    this.needs.changed([...ids]);
  }

  private async reload(ledger: Ledger): Promise<void> {
    const { state } = this.needs;
    const order = [...state.ledgers.keys()];
    ledger.close();
    state.remove(ledger.name);
    const { name, directory, prefix, isReadOnly: tolerant } = ledger;
    await this.load({ name, directory, prefix, tolerant }, ledger.eventLog);
    state.sortLedgers(order);
  }
}
