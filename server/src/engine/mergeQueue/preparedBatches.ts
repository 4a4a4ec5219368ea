import type { BeadStore } from '../../beads/store';
import type { Link } from './batch';

/** A batch that is tested before it is its turn. */
export interface PreparedBatch {
  /** What its chain stands on: the tip of the chain before it. */
  base: string;
  /** All requests that were looked at, in the order of the queue; what did not fit is no link. */
  requests: readonly string[];
  links: readonly Link[];
  /** Ends its gates. */
  cancel(): void;
}

/**
 * Chains of the merge queues that are tested now: the one whose turn it is, and those on top of it. They make the queue
 * faster, but every result is checked again: losing them costs only time.
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

  /** The place of the batch that a request is prepared in; undefined where it is in none. */
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

  /** Its turn has come. @returns undefined where none stands on this commit, or others come first now */
  take(queue: string, base: string, members: readonly string[]): PreparedBatch | undefined {
    const next = this.queues.get(queue)?.next ?? [];
    const [batch] = next;
    if (batch && batch.base === base && batch.requests.every((id, index) => members[index] === id)) return next.shift();
    this.cancel(queue);
    return undefined;
  }

  /** A chain is tested from now on. */
  begin(queue: string, tip: string): void {
    const known = this.queues.get(queue);
    if (known) known.tip = tip;
    else this.queues.set(queue, { tip, next: [] });
  }

  /** All of it has landed: what stands on it may come next. */
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

/** Those of a town. */
export function preparedIn(store: BeadStore): PreparedBatches {
  let batches = known.get(store);
  if (!batches) known.set(store, (batches = new PreparedBatches()));
  return batches;
}
