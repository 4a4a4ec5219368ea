import type { BeadStore } from '../../server/src/beads/store';
import type { Bead } from '../../server/src/protocol/bead';

/** Beads of each type, in the order in which they were first seen. Costs what changes: the simulation asks all the time. */
export class BeadsByType {
  private readonly types = new Map<string, Map<string, Bead>>();

  constructor(private readonly store: BeadStore) {
    for (const bead of store.list({ all: true, limit: 0, sort: 'id' })) this.put(bead);
    store.onDidChange(({ ids }) => {
      for (const id of ids) this.refresh(id);
    });
  }

  /** @param statuses all where none is given */
  list(type: string, ...statuses: string[]): Bead[] {
    const beads = [...(this.types.get(type)?.values() ?? [])];
    return statuses.length === 0 ? beads : beads.filter((bead) => statuses.includes(bead.status));
  }

  private refresh(id: string): void {
    const bead = this.store.get(id);
    if (bead) this.put(bead);
    else for (const beads of this.types.values()) beads.delete(id);
  }

  private put(bead: Bead): void {
    const beads = this.types.get(bead.issue_type) ?? new Map<string, Bead>();
    this.types.set(bead.issue_type, beads);
    beads.set(bead.id, bead);
  }
}
