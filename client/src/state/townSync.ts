import { messageOf } from '../../../server/src/base/errors';
import { Disposable, Emitter, toDisposable, type IDisposable } from '../../../server/src/base/lifecycle';
import type { BoardQuery } from '../../../server/src/protocol/board';
import { BoardWatch, TownChanged, TownGetSnapshot, type TownDelta } from '../../../server/src/protocol/town';
import type { Log } from '../base/editor';
import type { ServerConnection } from '../connection/serverConnection';
import type { ConnectionState } from '../connection/townConnection';
import type { TownStore } from './townStore';

const RETRY_MS = 2_000;

/** A connection that reports its state. */
export interface SyncedConnection extends ServerConnection {
  onDidChangeState(listener: (state: ConnectionState) => void): IDisposable;
}

/**
 * Keeps the store in step with the server: a snapshot after each connect and each gap, deltas in between. Both include
 * the lists that the window watches.
 */
export class TownSync extends Disposable {
  private readonly watchEmitter = this._register(new Emitter<void>());
  /** Fires after an answer about watched lists, or a failure. */
  readonly onDidWatch = this.watchEmitter.event;
  private wanted: BoardQuery | undefined;
  private current: BoardQuery | undefined;
  private problem: string | undefined;
  /** While another query is requested: deltas that arrived before its answer but follow it. */
  private following: TownDelta[] | undefined;
  private watchRetry: NodeJS.Timeout | undefined;
  private isReady = false;
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
    this._register(toDisposable(() => this.clearTimers()));
  }

  /** The query of the lists in the store. */
  get watched(): BoardQuery | undefined {
    return this.current;
  }

  /** Why the store may lack requested lists. */
  get watchProblem(): string | undefined {
    return this.problem;
  }

  /** Sets the lists that the store has to contain; none without a query. */
  watch(query: BoardQuery | undefined): void {
    this.wanted = query;
    void this.requestLists();
  }

  /**
   * Clears the store for another town; after a lost connection it keeps the last known state until the next snapshot.
   */
  private connectionChanged(state: ConnectionState): void {
    const root = 'root' in state ? state.root : undefined;
    if (root !== this.root) {
      this.loads++; // invalidates a pending answer about the previous town
      this.pending = undefined;
      this.following = undefined;
      this.clearTimers();
      this.current = undefined;
      this.store.clear();
    }
    this.root = root;
    this.isReady = state.kind === 'ready';
    if (this.isReady) void this.reload();
  }

  private clearTimers(): void {
    clearTimeout(this.retry);
    clearTimeout(this.watchRetry);
  }

  /** Subscribes to deltas and loads a snapshot. */
  private async reload(): Promise<void> {
    const load = ++this.loads;
    const isOutdated = (): boolean => load !== this.loads || this.isDisposed;
    this.clearTimers();
    this.pending = [];
    this.following = undefined;
    const { wanted: board } = this;
    try {
      const snapshot = await this.connection.call(TownGetSnapshot.spec, { board }, { repeat: false });
      // A later load over a later connection is in progress: this snapshot may be older.
      if (isOutdated()) return;
      const { pending } = this;
      this.pending = undefined;
      this.current = board;
      this.problem = undefined;
      this.store.reset(snapshot);
      for (const delta of pending) this.receive(delta);
      this.watchEmitter.fire();
      void this.requestLists();
    } catch (error) {
      if (isOutdated()) return;
      this.pending = undefined;
      this.log.error(`cannot load the state of the town: ${messageOf(error)}`);
      // After a broken connection the next one loads. While the connection is up, only this retry does.
      this.retry = setTimeout(() => void this.reload(), RETRY_MS);
    }
  }

  private receive(delta: TownDelta): void {
    if (this.pending) {
      this.pending.push(delta);
      return;
    }
    if (!this.store.hasSnapshot || this.store.apply(delta) !== 'gap') return;
    if (this.following) {
      this.following.push(delta);
      return;
    }
    this.log.warn(`no delta from revision ${this.store.revision} to ${delta.from}; loading a new snapshot`);
    void this.reload();
  }

  /**
   * One request at a time. Requests the lists; before the first snapshot, and while one is requested, that one contains
   * them.
   */
  private async requestLists(): Promise<void> {
    const { wanted: board } = this;
    if (board === this.current || this.following || this.pending || !this.isReady || !this.store.hasSnapshot) return;
    const load = this.loads;
    this.following = [];
    clearTimeout(this.watchRetry);
    try {
      const delta = await this.connection.call(BoardWatch.spec, { board }, { repeat: false });
      if (load !== this.loads || this.isDisposed) return;
      const following = [delta, ...(this.following ?? [])];
      this.following = undefined;
      this.current = board;
      this.problem = undefined;
      for (const each of following) this.receive(each);
    } catch (error) {
      if (load !== this.loads || this.isDisposed) return;
      const isBehind = (this.following ?? []).length > 0; // the server's deltas start at an answer that did not arrive
      this.following = undefined;
      this.problem = messageOf(error);
      this.log.warn(`cannot list the beads: ${this.problem}`);
      if (isBehind) void this.reload();
      else this.watchRetry = setTimeout(() => void this.requestLists(), RETRY_MS);
    }
    this.watchEmitter.fire();
    if (this.problem === undefined) void this.requestLists();
  }
}
