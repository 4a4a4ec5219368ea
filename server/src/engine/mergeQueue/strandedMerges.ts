import { UserError } from '../../base/errors';
import type { Action } from '../loop/action';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../loop/context';
import { HELD_MS } from '../loop/failure';
import type { RigPort } from '../loop/ports';
import { isClosed, withMerge, type MergeRequest } from '../state/work';
import type { RigView, TownView } from '../state/townView';
import { landedCandidate } from './candidate';
import { cancelMerge, closedFirst } from './deferMerge';
import { finishMerge } from './finishMerge';
import { isWatched } from './mergeRule';
import { openRequest } from './openRequest';
import { recordIfOwnMerged } from './pullRequests/recordMerged';

type StrandedAction = Extract<Action, { type: 'release-merge' | 'withdraw-merge' }>;

/**
 * Merge requests that neither the queue nor a review takes: those whose landing was interrupted while their review was
 * pending or their pull request open, and those of closed beads.
 */
export function strandedMerges(view: TownView): Action[] {
  const rigs = new Map(view.rigs.map((rig) => [rig.name, rig]));
  const withdrawn = view.withdrawnMerges.filter(({ rig, notBefore }) => rigs.has(rig) && notBefore <= view.now);
  const ids = new Set(withdrawn.map(({ mergeRequest }) => mergeRequest));
  const interrupted = view.merges.filter((merge) => {
    const rig = rigs.get(merge.rig);
    return rig && merge.isInterrupted && merge.notBefore <= view.now && !ids.has(merge.id) && isLeft(merge, rig);
  });
  return [
    ...withdrawn.map(
      ({ mergeRequest, rig, revision }): Action => ({ type: 'withdraw-merge', mergeRequest, rig, revision }),
    ),
    ...interrupted.map(({ id, rig, revision }): Action => ({ type: 'release-merge', mergeRequest: id, rig, revision })),
  ];
}

function isLeft(merge: TownView['merges'][number], rig: RigView): boolean {
  return isWatched(merge, rig) || (rig.review !== 'off' && merge.review?.state === 'waiting');
}

/** Waits for its review or its pull request again, unless it has landed. */
export function releaseMerge(action: StrandedAction, context: EngineContext): Promise<void> {
  return settle(action, context, async () => {
    await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
      const bead = assertRevision(tx, action.mergeRequest, action.revision);
      if (bead.status === 'in_progress') tx.update(bead.id, { status: 'open' });
    });
  });
}

/** Cancels the request of a closed bead, unless it has landed or its pull request was merged. */
export function withdrawMerge(action: StrandedAction, context: EngineContext): Promise<void> {
  return settle(action, context, async (rig, request) => {
    const isOpen = (): boolean => !isClosed(context.store.get(request.source)?.status ?? 'open');
    if (isOpen()) throw new StaleAction(`${request.source} is open again`);
    if (await recordIfOwnMerged(action, { rig, request, context })) return;
    if (isOpen()) throw new StaleAction(`${request.source} is open again`);
    await cancelMerge(action, closedFirst(request.source), context);
  });
}

/**
 * Finishes a request that has landed; otherwise runs `other`. It is repeated if the source or the provider cannot be
 * reached.
 */
async function settle(
  action: StrandedAction,
  context: EngineContext,
  other: (rig: RigPort, request: MergeRequest) => Promise<void>,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  const request = openRequest(context, action);
  try {
    const landed = await landedCandidate(rig, request, context);
    if (landed !== undefined) await finishMerge(action, request, { commit: landed }, context);
    else await other(rig, request);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
      const current = assertRevision(tx, action.mergeRequest, action.revision);
      const notBefore = new Date(context.clock.now().getTime() + HELD_MS).toISOString();
      tx.update(current.id, { metadata: withMerge(current, { notBefore }) });
    });
  }
}
