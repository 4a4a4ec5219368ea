import type { Action } from '../loop/action';
import { requireRig, StaleAction, type EngineContext } from '../loop/context';
import { isClosed, mergeOf } from '../state/work';
import type { TownView } from '../state/townView';
import { landedCandidate } from './candidate';
import { cancelMerge, closedFirst } from './deferMerge';
import { finishMerge } from './finishMerge';

/** Ends the merge requests of closed beads that nothing else takes: they were given up, or wait for a review. */
export function withdrawals(view: TownView): Action[] {
  return view.withdrawnMerges.map((request) => ({ type: 'withdraw-merge', ...request }));
}

export async function withdrawMerge(
  action: Extract<Action, { type: 'withdraw-merge' }>,
  context: EngineContext,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  const bead = context.store.get(action.mergeRequest);
  const request = bead && mergeOf(bead);
  if (!request || bead.updated_at !== action.revision || isClosed(bead.status))
    throw new StaleAction(`${action.mergeRequest} has changed`);
  if (!isClosed(context.store.get(request.source)?.status ?? 'closed'))
    throw new StaleAction(`${request.source} is open again`);
  const landed = await landedCandidate(rig, request, context);
  if (landed !== undefined) await finishMerge(action, request, { commit: landed }, context);
  else await cancelMerge(action, closedFirst(request.source), context);
}
