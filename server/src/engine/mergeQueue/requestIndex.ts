import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { isClosed, MERGE_REQUEST, mergeOf } from '../state/work';

interface Entry {
  /** The bead of the change. */
  source: string;
  branch: string;
  rig: string;
}

/**
 * All merge requests of a store, closed ones included, by bead, branch and rig. These keys are in the metadata, which
 * the store does not index: the index is built once and updated with each change.
 */
class RequestIndex {
  private entries: Map<string, Entry> | undefined;
  private readonly bySource = new Map<string, Set<string>>();
  private readonly openIds = new Set<string>();
  private readonly pullRequestIds = new Set<string>();

  /** Subscribes to the store until that closes. */
  constructor(private readonly store: BeadStore) {
    store.onDidChange(({ ids }) => {
      if (this.entries) for (const id of ids) this.set(id, this.store.get(id), this.entries);
    });
    store.board.onDidRecompute((ids) => {
      if (!ids) this.entries = undefined; // a ledger was opened or closed
    });
  }

  /** All merge requests of a bead, oldest first. */
  of(bead: string): Bead[] {
    this.read();
    return this.beads(this.bySource.get(bead) ?? []);
  }

  /** Open merge requests of a bead: waiting, merging, or given up. */
  openOf(bead: string): Bead[] {
    return this.of(bead).filter((request) => !isClosed(request.status));
  }

  /** All open merge requests, oldest first: waiting, merging, or given up. */
  open(rig?: string): Bead[] {
    const entries = this.read();
    return this.beads([...this.openIds].filter((id) => rig === undefined || entries.get(id)?.rig === rig));
  }

  /** Merge requests that are still to be merged, oldest first. */
  waiting(rig?: string): Bead[] {
    return this.open(rig).filter((request) => request.status !== 'failed');
  }

  /** Merge requests whose pull request may be open, closed requests included. */
  withPullRequest(): Bead[] {
    this.read();
    return this.beads(this.pullRequestIds);
  }

  all(rig?: string): Bead[] {
    const entries = this.read();
    return this.beads([...entries.keys()].filter((id) => rig === undefined || entries.get(id)!.rig === rig));
  }

  /** Finds a request by its own id, that of its bead, or its branch; prefers an open one, then the latest. */
  find(name: string): Bead | undefined {
    const id = this.resolved(name);
    const named = [...this.read()].filter(([own, { source, branch }]) =>
      [own, source, branch].some((known) => known === name || known === id),
    );
    const exact = named.find(([own]) => own === name || own === id);
    if (exact) return this.store.get(exact[0]);
    const beads = this.beads(named.map(([own]) => own));
    return beads.findLast((request) => !isClosed(request.status)) ?? beads.at(-1);
  }

  private resolved(name: string): string | undefined {
    try {
      return this.store.resolve(name);
    } catch {
      return undefined; // a branch, or unknown
    }
  }

  private beads(ids: Iterable<string>): Bead[] {
    return [...ids]
      .flatMap((id) => this.store.get(id) ?? [])
      .sort((a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id));
  }

  private read(): Map<string, Entry> {
    if (this.entries) return this.entries;
    this.bySource.clear();
    this.openIds.clear();
    this.pullRequestIds.clear();
    const entries = new Map<string, Entry>();
    for (const request of this.store.list({ type: [MERGE_REQUEST], all: true, limit: 0 }))
      this.set(request.id, request, entries);
    return (this.entries = entries);
  }

  private set(id: string, bead: Bead | undefined, entries: Map<string, Entry>): void {
    const before = entries.get(id);
    const request = bead && bead.status !== 'tombstone' ? mergeOf(bead) : undefined;
    if (before && before.source !== request?.source) this.bySource.get(before.source)?.delete(id);
    this.openIds.delete(id);
    this.pullRequestIds.delete(id);
    entries.delete(id);
    if (!bead || !request) return;
    const { source, branch, rig } = request;
    entries.set(id, { source, branch, rig });
    if (!isClosed(bead.status)) this.openIds.add(id);
    if (request.pullRequest && request.pullRequest.state !== 'closed') this.pullRequestIds.add(id);
    const known = this.bySource.get(source);
    if (known) known.add(id);
    else this.bySource.set(source, new Set([id]));
  }
}

export type { RequestIndex };

const indexes = new WeakMap<BeadStore, RequestIndex>();

/** The index of a store. */
export function requestsIn(store: BeadStore): RequestIndex {
  let index = indexes.get(store);
  if (!index) indexes.set(store, (index = new RequestIndex(store)));
  return index;
}
