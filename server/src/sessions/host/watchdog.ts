/** Delays and limits of the watchdog. Milliseconds. */
export interface WatchdogTimes {
  /** Delay before the first start after the connection was lost; doubled after each failed start. */
  firstMs: number;
  maxMs: number;
  /** Consecutive starts without a server that stays connected for `stableMs`, after which it gives up. */
  maxStarts: number;
  stableMs: number;
}

export const watchdogTimes: WatchdogTimes = { firstMs: 1_000, maxMs: 60_000, maxStarts: 10, stableMs: 60_000 };

/**
 * Restarts the town's server if it died while there was work; part of the session host, which outlives it. The server
 * turns the watch on, and off before it ends normally.
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

  /** Sets whether the server is restarted when it is gone. */
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
