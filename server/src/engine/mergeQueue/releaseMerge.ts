import type { Action } from '../loop/action';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import type { TownView } from '../state/townView';

type ReleaseAction = Extract<Action, { type: 'release-merge' }>;

/**
 * Releases interrupted merges that wait for a verdict, which nobody can give otherwise. The others are taken by the queue, or
 * their review is requested.
 */
export function interruptedMerges(view: TownView): Action[] {
  const reviewed = new Set(view.rigs.filter(({ review }) => review !== 'off').map(({ name }) => name));
  return view.merges
    .filter(({ rig, isInterrupted, review }) => isInterrupted && reviewed.has(rig) && review?.state === 'waiting')
    .map(({ id, rig, revision }) => ({ type: 'release-merge', mergeRequest: id, rig, revision }));
}

export async function releaseMerge(action: ReleaseAction, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    if (bead.status === 'in_progress') tx.update(bead.id, { status: 'open' });
  });
}
