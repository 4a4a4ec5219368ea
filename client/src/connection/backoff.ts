const FIRST_MS = 100;
const LONGEST_MS = 15_000;

/** How long to wait before the next attempt. The first is soon: most often the server is only being replaced. */
export function backoff(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
}

/** A sleep that ends early. */
export class CancellableDelay {
  private wake: (() => void) | undefined;

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.cancel(), ms);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }

  cancel(): void {
    this.wake?.();
  }
}
