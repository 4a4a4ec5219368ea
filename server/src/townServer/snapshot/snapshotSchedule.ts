import { Disposable, toDisposable } from '../../base/lifecycle';
import { logged } from '../../base/logged';
import type { Log } from '../../base/log';
import type { SnapshotFeed } from './snapshotFeed';

/** Minimum interval between deltas. */
const SNAPSHOT_MS = 40;
/** Maximum delay of a timer, which cannot be weeks. */
const MAX_DELAY_MS = 3_600_000;

/** Sends deltas soon after a change, and when time alone changes something: not without subscriptions. */
export class SnapshotSchedule extends Disposable {
  private soon: NodeJS.Timeout | undefined;
  private later: NodeJS.Timeout | undefined;

  constructor(
    private readonly feed: Pick<SnapshotFeed, 'size' | 'update' | 'model'>,
    private readonly log: Log,
  ) {
    super();
    this._register(toDisposable(() => this.stop()));
  }

  changed(): void {
    if (this.feed.size === 0 || this.isDisposed) return;
    this.soon ??= setTimeout(this.send, SNAPSHOT_MS);
  }

  /** Schedules an update for changes without an event, such as the end of a deferral or of a delay after a failure. */
  followClock(): void {
    clearTimeout(this.later);
    const next = this.feed.size === 0 ? undefined : this.feed.model.nextChange();
    if (next === undefined || this.isDisposed) return;
    this.later = setTimeout(this.send, Math.min(Math.max(next - Date.now(), SNAPSHOT_MS), MAX_DELAY_MS));
    this.later.unref();
  }

  stop(): void {
    clearTimeout(this.soon);
    clearTimeout(this.later);
  }

  /** If a snapshot cannot be created, windows keep the last one. */
  private readonly send = logged(
    (error) => this.log.error(`snapshot: ${error}`),
    () => {
      clearTimeout(this.soon);
      this.soon = undefined;
      this.feed.update();
      this.followClock();
    },
  );
}
