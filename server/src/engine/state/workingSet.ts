import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { parseAddress } from '../../town/layout';
import { isStep } from '../molecules/molecules';
import { mergeOf, slingableTypes, workOf } from './work';

/* The beads that the engine handles, their owners, and their rigs. */

/** States of a bead that is on a hook. */
export const IN_WORK: ReadonlySet<string> = new Set(['hooked', 'in_progress', 'in_review']);
/** States of a bead that can be assigned to a polecat. */
export const DISPATCHABLE: ReadonlySet<string> = new Set(['open', 'deferred']);

/**
 * Beads that the engine may have to act on: wanted ones and hooked ones. Must not walk the whole ledger.
 * @param wanted ids, see `wantedSince`
 */
export function workingSet(store: BeadStore, wanted: Iterable<string>): Bead[] {
  const inWork = store
    .list({ type: [...slingableTypes], status: [...IN_WORK], limit: 0 })
    .filter((bead) => !isStep(store, bead));
  const beads = new Map(inWork.map((bead) => [bead.id, bead]));
  for (const id of wanted) {
    const bead = store.get(id);
    if (bead && DISPATCHABLE.has(bead.status) && slingableTypes.has(bead.issue_type) && !isStep(store, bead))
      beads.set(id, bead);
  }
  return [...beads.values()];
}

/** The rig that works on a bead; for beads of the town's own ledger it is set when they are slung. */
export function rigOfBead(store: BeadStore, bead: Bead): string | undefined {
  const ledger = store.ledgerOf(bead.id);
  return workOf(bead).slung?.rig ?? (ledger === 'hq' ? undefined : ledger);
}

/** Sources with an open merge request: their dependents wait, even if they were closed by hand. */
export function openSources(store: BeadStore, requests: readonly Bead[]): Set<string> {
  return new Set(
    requests.flatMap((request) => {
      const source = mergeOf(request)?.source;
      return source !== undefined && store.get(source) ? [source] : [];
    }),
  );
}

/** Whether a bead is assigned to anyone but a polecat: the engine leaves it alone. */
export function belongsToPerson(bead: Bead): boolean {
  return bead.assignee !== undefined && bead.assignee !== '' && parseAddress(bead.assignee)?.role !== 'polecats';
}
