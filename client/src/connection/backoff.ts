const FIRST_MS = 100;
const LONGEST_MS = 15_000;

/**
 * Delay before the next attempt, in milliseconds. The first one is short: most often the server is only being replaced.
 */
export function backoff(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
}

/** A delay that can be cut short. */
export class CancellableDelay {
  private finish: (() => void) | undefined;

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.cancel(), ms);
      this.finish = () => {
        clearTimeout(timer);
        this.finish = undefined;
        resolve();
      };
    });
  }

  /** Ends the current delay at once. */
  cancel(): void {
    this.finish?.();
  }
}
