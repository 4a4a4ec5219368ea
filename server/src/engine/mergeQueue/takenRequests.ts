import type { BeadStore } from '../../beads/store';

/** The merge requests that a batch or a direct landing processes now; in memory only. */
export class TakenRequests {
  private readonly counts = new Map<string, number>();

  has(id: string): boolean {
    return this.counts.has(id);
  }

  take(ids: Iterable<string>): void {
    for (const id of ids) this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
  }

  release(ids: Iterable<string>): void {
    for (const id of ids) {
      const left = (this.counts.get(id) ?? 0) - 1;
      if (left > 0) this.counts.set(id, left);
      else this.counts.delete(id);
    }
  }
}

const known = new WeakMap<BeadStore, TakenRequests>();

/** Those of a town, one object per store. */
export function takenIn(store: BeadStore): TakenRequests {
  let taken = known.get(store);
  if (!taken) known.set(store, (taken = new TakenRequests()));
  return taken;
}
