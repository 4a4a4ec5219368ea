import type { IDisposable } from './lifecycle';

/** Longest pause after a task. */
const MAX_PAUSE_MS = 5 * 60_000;

/** Runs a task after a while without changes, and at the latest a given time after the first change. */
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

  /** Delays the next run by this time; changes in between are covered by that run. */
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

/**
 * Runs a task and delays the next run in proportion to the duration of this one.
 * @param share part of the time that the task may take, from 0 to 1
 */
export async function paced(debouncer: Debouncer, share: number, task: () => Promise<void>): Promise<void> {
  const start = performance.now();
  try {
    await task();
  } finally {
    debouncer.pause(Math.min(MAX_PAUSE_MS, (performance.now() - start) / share));
  }
}
