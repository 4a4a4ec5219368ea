import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { CONVOY, convoyOf, isLaunched, isOfThisTown, trackedIds, workOf } from '../state/work';

/** Convoys that are neither staged nor closed. Convoys from a pull or an import are read-only for this town. */
export function openConvoys(store: BeadStore): Bead[] {
  return store.list({ type: [CONVOY], status: ['open'], limit: 0 }).filter(isOfThisTown);
}

/**
 * Beads with requested work, with the creation time of the oldest convoy that tracks them: all beads of launched
 * convoys, and those of other open convoys that were slung by name.
 */
export function wantedSince(store: BeadStore): Map<string, number> {
  const since = new Map<string, number>();
  for (const convoy of store.list({ type: [CONVOY], limit: 0 })) {
    const isStarted = isLaunched(convoy);
    for (const id of trackedIds(convoy)) {
      if (!isStarted && !isSlung(store.get(id))) continue;
      since.set(id, Math.min(since.get(id) ?? Infinity, Date.parse(convoy.created_at)));
    }
  }
  return since;
}

function isSlung(bead: Bead | undefined): boolean {
  return bead !== undefined && workOf(bead).slung !== undefined;
}

/** Beads that only paused convoys track, with the id of one of those convoys. They are not started. */
export function pausedBeads(store: BeadStore): Map<string, string> {
  const paused = new Map<string, string>();
  const going = new Set<string>();
  for (const convoy of openConvoys(store)) {
    const isPaused = convoyOf(convoy).paused !== undefined;
    if (!isPaused && !isLaunched(convoy)) continue;
    for (const id of trackedIds(convoy)) {
      if (isPaused) paused.set(id, convoy.id);
      else going.add(id);
    }
  }
  for (const id of going) paused.delete(id);
  return paused;
}
