import type { Timers } from '../../server/src/engine/loop/engine';

/** Timers of the simulation's own clock. */
export class VirtualTimers implements Timers {
  private readonly waiting = new Map<number, { at: number; callback: () => void }>();
  private nextId = 1;

  constructor(readonly now: () => number) {}

  set(callback: () => void, ms: number): number {
    this.waiting.set(this.nextId, { at: this.now() + ms, callback });
    return this.nextId++;
  }

  clear(handle: unknown): void {
    this.waiting.delete(handle as number);
  }

  /** Runs what is due, in order; what is set meanwhile waits for the next call. */
  runDue(): void {
    const due = [...this.waiting].filter(([, { at }]) => at <= this.now()).sort(([, a], [, b]) => a.at - b.at);
    for (const [id, { callback }] of due) if (this.waiting.delete(id)) callback();
  }
}
