import type { BeadStore } from '../../beads/store';
import type { Link } from './batch';
import type { GateFailure } from './verdict';

/** A part of a chain that fails a gate, while what it stands on passes it. */
export interface Search {
  rig: string;
  target: string | undefined;
  base: string;
  links: readonly Link[];
  failure: GateFailure;
}

/**
 * Searches for changes that fail a gate, beside the queue. A server that loses them tests the changes again: of what
 * was tested the results are kept.
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

  /** The search that a request is in. */
  of(mergeRequest: string): string | undefined {
    return [...this.open].find(([, { suspects }]) => suspects.some(({ id }) => id === mergeRequest))?.[0];
  }

  /** Its requests are in the queue again. */
  end(id: string): void {
    this.open.delete(id);
  }
}

const known = new WeakMap<BeadStore, Searches>();

/** Those of a town. */
export function searchesIn(store: BeadStore): Searches {
  let searches = known.get(store);
  if (!searches) known.set(store, (searches = new Searches()));
  return searches;
}
