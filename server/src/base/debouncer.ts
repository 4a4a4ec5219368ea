import type { IDisposable } from './lifecycle';

/** Runs a task when there was no change for a while, and at the latest so long after the first change. */
export class Debouncer implements IDisposable {
  private timer: NodeJS.Timeout | undefined;
  private firstAt: number | undefined;
  private pausedUntil = 0;

  constructor(
    private readonly quietMs: number,
    private readonly maxMs: number,
    private readonly task: () => void,
  ) {}

  changed(): void {
    const now = Date.now();
    this.firstAt ??= now;
    const due = Math.min(now + this.quietMs, this.firstAt + this.maxMs);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), Math.max(0, due - now, this.pausedUntil - now));
  }

  /** Whatever changes in this time is for the next run, which comes after it. */
  pause(ms: number): void {
    this.pausedUntil = Date.now() + ms;
    if (this.firstAt !== undefined) this.changed();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.firstAt = undefined;
  }

  private run(): void {
    this.firstAt = undefined;
    this.task();
  }
}
