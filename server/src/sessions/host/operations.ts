const REMEMBERED = 1000;

/**
 * Results of the last operations by their id, so that a request that is repeated because its answer was lost
 * (a start, a key press) has its effect once.
 */
export class IdempotencyCache {
  private readonly results = new Map<string, Promise<unknown>>();

  run<T>(operation: string | undefined, action: () => Promise<T>): Promise<T> {
    if (operation === undefined) return action();
    const known = this.results.get(operation);
    // The same id always comes with the same request, so the result has this request's type.
    if (known) return known as Promise<T>;
    const result = action();
    this.results.set(operation, result);
    result.catch(() => undefined);
    if (this.results.size > REMEMBERED) {
      const oldest = this.results.keys().next();
      if (!oldest.done) this.results.delete(oldest.value);
    }
    return result;
  }
}
