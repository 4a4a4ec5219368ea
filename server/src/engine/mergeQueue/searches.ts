import type { BeadStore } from '../../beads/store';
import type { Link } from './batch';
import type { GateFailure } from './verdict';

/** A range of a chain that fails a gate, while the commit below it passes. */
export interface Search {
  rig: string;
  target: string | undefined;
  base: string;
  links: readonly Link[];
  failure: GateFailure;
}

/**
 * Searches for changes that fail a gate, outside the queue. After a restart the changes are tested again, with the
 * stored results.
 */
export class Searches {
  private readonly open = new Map<string, Search & { suspects: readonly Link[] }>();

  add(search: Search): void {
    this.open.set(search.links.map(({ id }) => id).join(' '), { ...search, suspects: search.links });
  }

  /** Narrows the search to these links. */
  narrow(id: string, suspects: readonly Link[]): void {
    const search = this.open.get(id);
    if (search) search.suspects = suspects;
  }

  get(id: string): Search | undefined {
    return this.open.get(id);
  }

  /** The search that includes a request. */
  of(mergeRequest: string): string | undefined {
    return [...this.open].find(([, { suspects }]) => suspects.some(({ id }) => id === mergeRequest))?.[0];
  }

  /** Ends a search: its requests are in the queue again. */
  end(id: string): void {
    this.open.delete(id);
  }
}

const known = new WeakMap<BeadStore, Searches>();

/** The searches of a town; kept in memory, one object per store. */
export function searchesIn(store: BeadStore): Searches {
  let searches = known.get(store);
  if (!searches) known.set(store, (searches = new Searches()));
  return searches;
}
