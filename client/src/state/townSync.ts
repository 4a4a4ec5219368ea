import { messageOf } from '../../../server/src/base/errors';
import { Disposable, toDisposable, type IDisposable } from '../../../server/src/base/lifecycle';
import { TownChanged, TownGetSnapshot, type TownDelta } from '../../../server/src/protocol/town';
import type { Log } from '../base/editor';
import type { ServerConnection } from '../connection/serverConnection';
import type { ConnectionState } from '../connection/townConnection';
import type { TownStore } from './townStore';

const RETRY_MS = 2_000;

/** A connection that reports its state. */
export interface SyncedConnection extends ServerConnection {
  onDidChangeState(listener: (state: ConnectionState) => void): IDisposable;
}

/** Keeps the store in step with the server: a snapshot after each connect and each gap, deltas in between. */
export class TownSync extends Disposable {
  /** Deltas that arrive while a snapshot is requested. */
  private pending: TownDelta[] | undefined;
  private loads = 0;
  private retry: NodeJS.Timeout | undefined;
  private root: string | undefined;

  constructor(
    private readonly store: TownStore,
    private readonly connection: SyncedConnection,
    private readonly log: Log,
  ) {
    super();
    this._register(connection.onNotification(TownChanged.spec, (delta) => this.receive(delta)));
    this._register(connection.onDidChangeState((state) => this.connectionChanged(state)));
    this._register(toDisposable(() => clearTimeout(this.retry)));
  }

  /** The store is cleared for another town; after a lost connection it keeps the last known state until the next snapshot. */
  private connectionChanged(state: ConnectionState): void {
    const root = 'root' in state ? state.root : undefined;
    if (root !== this.root) {
      this.loads++; // the answer about the other town is of no use any more
      this.pending = undefined;
      clearTimeout(this.retry);
      this.store.clear();
    }
    this.root = root;
    if (state.kind === 'ready') void this.reload();
  }

  /** Subscribes to deltas and loads a snapshot. */
  private async reload(): Promise<void> {
    const load = ++this.loads;
    const isOutdated = (): boolean => load !== this.loads || this.isDisposed;
    clearTimeout(this.retry);
    this.pending = [];
    try {
      const snapshot = await this.connection.call(TownGetSnapshot.spec, {}, { repeat: false });
      // A later load over a later connection is under way: this snapshot may be older.
      if (isOutdated()) return;
      const { pending } = this;
      this.pending = undefined;
      this.store.reset(snapshot);
      for (const delta of pending) this.receive(delta);
    } catch (error) {
      if (isOutdated()) return;
      this.pending = undefined;
      this.log.error(`cannot load the state of the town: ${messageOf(error)}`);
      // After a broken connection the next one loads. While the connection stands, only this retry does.
      this.retry = setTimeout(() => void this.reload(), RETRY_MS);
    }
  }

  private receive(delta: TownDelta): void {
    if (this.pending) {
      this.pending.push(delta);
      return;
    }
    if (!this.store.hasSnapshot || this.store.apply(delta) !== 'gap') return;
    this.log.warn(`no delta from revision ${this.store.revision} to ${delta.from}; loading a new snapshot`);
    void this.reload();
  }
}
