import type { BeadStore } from '../beads/store';
import type { CallContext } from '../protocol/dispatcher';
import type { RequestSpec } from '../protocol/request';

/**
 * Gives a call that is repeated with the same operation id its first result. Most handlers keep it themselves, in
 * the batch that does their work; for the others (rigs, consent, settings) it is written down afterwards.
 */
export class IdempotencyCache {
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(private readonly store: BeadStore) {}

  run(spec: RequestSpec, context: CallContext, handle: () => Promise<unknown>): Promise<unknown> {
    const { operation } = context;
    if (operation === undefined || spec.access === 'read') return handle();
    const known = this.store.operation(operation);
    if (known) return Promise.resolve(known.result);
    // The connection may break and the call come again while the first is still being worked on.
    const first = this.running.get(operation);
    if (first) return first;
    const result = (spec.transient ? handle() : this.keep(operation, context.actor, handle)).finally(() =>
      this.running.delete(operation),
    );
    this.running.set(operation, result);
    return result;
  }

  private async keep(operation: string, actor: string, handle: () => Promise<unknown>): Promise<unknown> {
    const result = await handle();
    // What was done is done: an answer that cannot be written down, on a full disk, is given all the same.
    if (!this.store.operation(operation))
      await this.store.batch({ actor, operation }, () => result).catch(() => undefined);
    return result;
  }
}
