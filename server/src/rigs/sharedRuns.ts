import { AbortedError, untilAborted } from '../base/abort';

/** Deduplicates concurrent runs with the same key: it runs once, and all callers get its result. */
export class SharedRuns<T> {
  private readonly running = new Map<string, Promise<T>>();

  /** Joins the run with this key, or starts one. If the joined run is cancelled, it starts one itself. */
  async run(key: string, task: () => Promise<T>): Promise<T> {
    for (;;) {
      const known = this.running.get(key);
      if (!known) return this.begin(key, task);
      const ended = await untilAborted(
        known.then(
          (result) => ({ result }),
          (error: unknown) => {
            if (error instanceof AbortedError) return undefined;
            throw error;
          },
        ),
      );
      if (ended) return ended.result;
    }
  }

  private begin(key: string, task: () => Promise<T>): Promise<T> {
    const run = task().finally(() => {
      if (this.running.get(key) === run) this.running.delete(key);
    });
    this.running.set(key, run);
    return run;
  }
}
