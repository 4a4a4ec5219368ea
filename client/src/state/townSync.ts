import { messageOf } from '../../../server/src/base/errors';
import { Disposable, toDisposable, type IDisposable } from '../../../server/src/base/lifecycle';
import type { NotificationSpec, Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { TownChanged, TownGetSnapshot, type TownDelta } from '../../../server/src/protocol/town';
import type { Log } from '../base/log';
import type { TownStore } from './townStore';

const RETRY_MS = 2_000;

/** What the store needs of a connection; the real one and a test's look alike. */
export interface ServerConnection {
  call<S extends RequestSpec>(spec: S, params: Params<S>, options?: { repeat?: boolean }): Promise<Result<S>>;
  onNotification<P>(spec: NotificationSpec<P>, handler: (params: P) => void): IDisposable;
}

/** Keeps the store in step with the server: a snapshot after each connect and each gap, deltas in between. */
export class TownSync extends Disposable {
  /** Deltas that came while a snapshot is on its way. */
  private waiting: TownDelta[] | undefined;
  private load = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: TownStore,
    private readonly link: ServerConnection,
    private readonly log: Log,
  ) {
    super();
    this._register(link.onNotification(TownChanged.spec, (delta) => this.receive(delta)));
    this._register(toDisposable(() => clearTimeout(this.retry)));
  }

  /** Subscribes and loads the whole picture. Call after each connect. */
  async reload(): Promise<void> {
    const load = ++this.load;
    clearTimeout(this.retry);
    this.waiting = [];
    try {
      const snapshot = await this.link.call(TownGetSnapshot.spec, {}, { repeat: false });
      // A later load is on its way, on a later connection: this answer may be older than what it brings.
      if (load !== this.load || this.isDisposed) return;
      const waiting = this.waiting;
      this.waiting = undefined;
      this.store.reset(snapshot);
      for (const delta of waiting) this.receive(delta);
    } catch (error) {
      if (load !== this.load || this.isDisposed) return;
      this.waiting = undefined;
      this.log.error(`no picture of the town: ${messageOf(error)}`);
      // Where the connection broke, the next one loads; where it stands, nobody else would try again.
      this.retry = setTimeout(() => void this.reload(), RETRY_MS);
    }
  }

  private receive(delta: TownDelta): void {
    if (this.waiting) {
      this.waiting.push(delta);
      return;
    }
    if (!this.store.hasSnapshot || this.store.apply(delta) !== 'gap') return;
    this.log.warn(`a change is missing between revision ${this.store.revision} and ${delta.from}; loading all again`);
    void this.reload();
  }
}
