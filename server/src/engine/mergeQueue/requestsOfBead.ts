import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { MERGE_REQUEST, mergeOf } from '../state/work';

/**
 * Merge requests by the bead that they merge, closed ones included. They name it in their metadata, so that no index of
 * the store has it: they are read through once, then kept up to date change by change.
 */
export class RequestsOfBead {
  private requests: Map<string, Set<string>> | undefined;
  /** By request, to take it back when it changes. */
  private readonly sources = new Map<string, string>();

  /** Follows the store for as long as that is open. */
  constructor(private readonly store: BeadStore) {
    store.onDidChange(({ ids }) => {
      if (this.requests) for (const id of ids) this.set(id, this.store.get(id), this.requests);
    });
    store.board.onDidRecompute((ids) => {
      if (!ids) this.requests = undefined; // a ledger came or went
    });
  }

  /** Oldest first. */
  of(bead: string): Bead[] {
    this.requests ??= this.read();
    return [...(this.requests.get(bead) ?? [])]
      .flatMap((id) => this.store.get(id) ?? [])
      .sort((a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id));
  }

  private read(): Map<string, Set<string>> {
    const requests = new Map<string, Set<string>>();
    this.sources.clear();
    for (const request of this.store.list({ type: [MERGE_REQUEST], all: true, limit: 0 }))
      this.set(request.id, request, requests);
    return requests;
  }

  private set(id: string, bead: Bead | undefined, requests: Map<string, Set<string>>): void {
    const before = this.sources.get(id);
    const source = bead && bead.status !== 'tombstone' ? mergeOf(bead)?.source : undefined;
    if (before === source) return;
    if (before !== undefined) requests.get(before)?.delete(id);
    this.sources.delete(id);
    if (source === undefined) return;
    this.sources.set(id, source);
    const known = requests.get(source);
    if (known) known.add(id);
    else requests.set(source, new Set([id]));
  }
}
