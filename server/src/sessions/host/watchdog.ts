/** How the watchdog waits and gives up. Milliseconds. */
export interface WatchdogTimes {
  /** Before the first start after the connection was lost; doubled with each start that did not help. */
  firstMs: number;
  maxMs: number;
  /** Starts in a row without a server that stays connected for `stableMs`, after which it gives up. */
  maxStarts: number;
  stableMs: number;
}

export const watchdogTimes: WatchdogTimes = { firstMs: 1_000, maxMs: 60_000, maxStarts: 10, stableMs: 60_000 };

/**
 * Starts the town's server again when it died while there was work: the session host, which outlives it, watches over
 * it. The server says when it is to be watched; it stops the watch before it ends by itself.
 */
export class Watchdog {
  private watched = false;
  private connections = 0;
  private starts = 0;
  private timer: NodeJS.Timeout | undefined;
  private stableTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly startServer: () => void,
    private readonly log: (message: string) => void,
    private readonly times: WatchdogTimes = watchdogTimes,
  ) {}

  /** True while the host must stay alive to restart the server. */
  get isWatching(): boolean {
    return this.watched;
  }

  /** Whether the server is to be started again when it is gone. */
  watch(on: boolean): void {
    this.watched = on;
    if (!on) this.cancel();
    else if (this.connections === 0) this.schedule();
  }

  connected(): void {
    this.connections += 1;
    this.cancel();
    clearTimeout(this.stableTimer);
    this.stableTimer = setTimeout(() => {
      this.starts = 0;
    }, this.times.stableMs).unref();
  }

  disconnected(): void {
    this.connections -= 1;
    if (this.connections > 0) return;
    clearTimeout(this.stableTimer);
    if (this.watched) this.schedule();
  }

  private cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(): void {
    if (this.timer) return;
    if (this.starts >= this.times.maxStarts) {
      this.log(`the server ended ${this.starts} times in a row after a start; it is not started again`);
      this.watched = false;
      return;
    }
    const wait = Math.min(this.times.firstMs * 2 ** this.starts, this.times.maxMs);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.starts += 1;
      this.log(`the server is gone while there is work: starting it again (${this.starts})`);
      this.startServer();
      this.schedule(); // in case that start fails
    }, wait);
  }
}
