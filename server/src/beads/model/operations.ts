/** How long the first result of an operation is given again. */
export const operationLifetimeMs = 3_600_000;

/** Results of recent operations, so that a client that lost the answer can ask again without doing it twice. */
export class Operations {
  private readonly results = new Map<string, { result: unknown; at: number }>();

  get(id: string): { result: unknown } | undefined {
    return this.results.get(id);
  }

  set(id: string, result: unknown, at: number): void {
    this.results.set(id, { result, at });
  }

  /** Insertion order is the order of time, near enough: it stops at the first that is still young. */
  forgetOld(now: number): void {
    for (const [id, { at }] of this.results) {
      if (now - at <= operationLifetimeMs) return;
      this.results.delete(id);
    }
  }
}
