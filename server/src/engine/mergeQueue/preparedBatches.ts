import type { BeadStore } from '../../beads/store';
import type { Link } from './batch';

/** A batch that is tested speculatively, before those below it have landed. */
export interface PreparedBatch {
  /** Base of its chain: the tip of the chain before it. */
  base: string;
  /** All considered requests in queue order; conflicting ones are not in the chain. */
  requests: readonly string[];
  links: readonly Link[];
  /** Cancels the gate runs. */
  cancel(): void;
}

/**
 * Chains of the merge queues in test, by lane: the current batch and the prepared ones on top of it. Prepared batches make the
 * queue faster, but every result is checked again: losing them costs only time.
 */
export class PreparedBatches {
  private readonly queues = new Map<string, { tip?: string; next: PreparedBatch[] }>();

  /**
   * The commit on top of which the next batch is prepared; undefined while no chain is tested. @param queue its action
   * key
   */
  tip(queue: string): string | undefined {
    const { tip, next = [] } = this.queues.get(queue) ?? {};
    return tip === undefined ? undefined : (next.at(-1)?.links.at(-1)?.commit ?? tip);
  }

  /** Position of the prepared batch that contains a request; undefined if there is none. */
  placeOf(mergeRequest: string): number | undefined {
    for (const { next } of this.queues.values()) {
      const place = next.findIndex(({ requests }) => requests.includes(mergeRequest));
      if (place >= 0) return place;
    }
    return undefined;
  }

  add(queue: string, batch: PreparedBatch): void {
    this.queues.get(queue)?.next.push(batch);
  }

  /**
   * Takes the next prepared batch for processing. @returns undefined if it is not based on this commit, or other
   * requests come first now. @param queue action key of the lane
   */
  take(queue: string, base: string, members: readonly string[]): PreparedBatch | undefined {
    this.cancelElsewhere(queue, members);
    const next = this.queues.get(queue)?.next ?? [];
    const [batch] = next;
    if (batch && batch.base === base && batch.requests.every((id, index) => members[index] === id)) return next.shift();
    this.cancel(queue);
    return undefined;
  }

  /** Prepared batches of other lanes with these requests: the parts that a request touches have changed. */
  private cancelElsewhere(queue: string, members: readonly string[]): void {
    for (const [other, { next }] of this.queues)
      if (other !== queue && next.some(({ requests }) => requests.some((id) => members.includes(id))))
        this.cancel(other);
  }

  /** Registers a chain in test. */
  begin(queue: string, tip: string): void {
    const known = this.queues.get(queue);
    if (known) known.tip = tip;
    else this.queues.set(queue, { tip, next: [] });
  }

  /** Removes a chain that has landed: the next prepared batch may follow. */
  end(queue: string): void {
    const known = this.queues.get(queue);
    if (known) known.tip = undefined;
  }

  /** The chain does not land as it is: discards the batches built on top of it. */
  cancel(queue: string): void {
    for (const batch of this.queues.get(queue)?.next ?? []) batch.cancel();
    this.queues.delete(queue);
  }
}

const known = new WeakMap<BeadStore, PreparedBatches>();

/** The prepared batches of a town; kept in memory, one object per store. */
export function preparedIn(store: BeadStore): PreparedBatches {
  let batches = known.get(store);
  if (!batches) known.set(store, (batches = new PreparedBatches()));
  return batches;
}
