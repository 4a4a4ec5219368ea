import { createHash } from 'node:crypto';

/**
 * Key of one operation of one caller: operation ids are chosen by clients, so the key includes method and caller: the
 * same id of another method or caller never gets this result.
 */
export function operationKey(method: string, actor: string, operation: string): string {
  return createHash('sha256')
    .update(JSON.stringify([method, actor, operation]))
    .digest('hex')
    .slice(0, 32);
}

/**
 * First results of recent operations by their key: a client that lost the answer can ask again without doing it twice.
 */
export class IdempotencyCache {
  private readonly results = new Map<string, { result: unknown; at: number; seq: number }>();
  private readonly running = new Map<string, Promise<unknown>>();

  /** @param maxAgeMs how long a result is kept */
  constructor(
    readonly maxAgeMs: number,
    private readonly maxEntries = Infinity,
  ) {}

  get(key: string): { result: unknown } | undefined {
    return this.results.get(key);
  }

  /**
   * Stores a result, unless a later one is known.
   * @param at milliseconds since 1970
   * @param seq orders the results of one operation, which may be read in another order
   */
  set(key: string, result: unknown, at: number, seq = 0): void {
    if ((this.results.get(key)?.seq ?? 0) > seq) return;
    this.results.set(key, { result, at, seq });
    while (this.results.size > this.maxEntries) this.results.delete(this.results.keys().next().value!);
  }

  /**
   * The stored result of an operation, or that of its running call, or else that of `action`. The action itself stores
   * its result (`set`); failures are never stored.
   */
  run(key: string, action: () => Promise<unknown>): Promise<unknown> {
    // One that still runs may have stored a result that is not its last.
    const first = this.running.get(key);
    if (first) return first;
    const known = this.results.get(key);
    if (known) return Promise.resolve(known.result);
    const running = action().finally(() => this.running.delete(key));
    this.running.set(key, running);
    return running;
  }

  /** Drops the result of an operation that has failed after a part of it was stored. */
  forget(key: string): void {
    this.results.delete(key);
  }

  /** Whether `run` is executing the operation at this moment. */
  isRunning(key: string): boolean {
    return this.running.has(key);
  }

  /**
   * Drops results older than `maxAgeMs`. Insertion order is roughly the order of time, so it stops at the first one
   * that is recent enough.
   */
  forgetOld(now: number): void {
    for (const [key, { at }] of this.results) {
      if (now - at <= this.maxAgeMs) return;
      this.results.delete(key);
    }
  }
}
