import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';

const BLOCKING = new Set(['blocks', 'conditional-blocks', 'waits-for']);

/** The beads that each bead waits for, by blocking dependency type. */
export function needsOf(store: BeadStore, beads: readonly Bead[]): Map<string, string[]> {
  return new Map(
    beads.map((bead) => [
      bead.id,
      (bead.dependencies ?? [])
        .filter((edge) => BLOCKING.has(edge.type))
        .map((edge) => edge.depends_on_id)
        .filter((id) => store.get(id)),
    ]),
  );
}
