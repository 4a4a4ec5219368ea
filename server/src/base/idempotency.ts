import { createHash } from 'node:crypto';

/**
 * Key of one operation of one caller: a client-made operation id stands for nothing by itself, so that neither another
 * method nor another caller that uses the same id gets a result that is not its own.
 */
export function operationKey(method: string, actor: string, operation: string): string {
  return createHash('sha256')
    .update(JSON.stringify([method, actor, operation]))
    .digest('hex')
    .slice(0, 32);
}

/** First results of recent operations by their key: a client that lost the answer can ask again without doing it twice. */
export class IdempotencyCache {
  private readonly results = new Map<string, { result: unknown; at: number }>();
  private readonly running = new Map<string, Promise<unknown>>();

  /** @param maxAgeMs how long a result is given again */
  constructor(
    readonly maxAgeMs: number,
    private readonly maxEntries = Infinity,
  ) {}

  get(key: string): { result: unknown } | undefined {
    return this.results.get(key);
  }

  /** @param at milliseconds since 1970 */
  set(key: string, result: unknown, at: number): void {
    this.results.set(key, { result, at });
    while (this.results.size > this.maxEntries) this.results.delete(this.results.keys().next().value!);
  }

  /**
   * The kept result of an operation; the result of the call that is still running, or of `action`. Whether a
   * result is kept is the action's matter (`set`): a failure never is.
   */
  run(key: string, action: () => Promise<unknown>): Promise<unknown> {
    const known = this.results.get(key);
    if (known) return Promise.resolve(known.result);
    const first = this.running.get(key);
    if (first) return first;
    const running = action().finally(() => this.running.delete(key));
    this.running.set(key, running);
    return running;
  }

  /** Insertion order is the order of time, near enough: it stops at the first that is still young. */
  forgetOld(now: number): void {
    for (const [key, { at }] of this.results) {
      if (now - at <= this.maxAgeMs) return;
      this.results.delete(key);
    }
  }
}
