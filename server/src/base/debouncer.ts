import type { IDisposable } from './lifecycle';

/** Runs a task when there was no change for a while, and at the latest so long after the first: never never. */
export class Debouncer implements IDisposable {
  private timer: NodeJS.Timeout | undefined;
  private firstAt: number | undefined;

  constructor(
    private readonly quietMs: number,
    private readonly maxMs: number,
    private readonly task: () => void,
  ) {}

  changed(): void {
    const now = Date.now();
    this.firstAt ??= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), Math.max(0, Math.min(this.quietMs, this.firstAt + this.maxMs - now)));
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
