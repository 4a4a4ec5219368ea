import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { Action } from '../loop/action';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../loop/context';
import { requestsIn } from '../mergeQueue/requestIndex';
import { MERGE_REQUEST, mergeOf, type MergeRequest } from '../state/work';
import { trackedBeads } from './convoys';
import { featureOf, recordFeature } from './feature';
import { isDone } from './landConvoy';

/**
 * Adds the complete feature branch of a convoy to the queue of the rig's own target. If it landed before a crash, that
 * is detected there and not requested again.
 */
export async function requestLanding(
  action: Extract<Action, { type: 'request-landing' }>,
  context: EngineContext,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  const seen = context.store.get(action.convoy);
  const feature = seen && featureOf(seen);
  if (!feature || seen.updated_at !== action.revision) throw new StaleAction(`${action.convoy} has changed`);
  const { candidate } = feature.rigs[action.rig] ?? {};
  const landed = candidate !== undefined && (await rig.hasLanded(candidate)) ? candidate : undefined;
  const tip = await rig.featureTip(feature.branch);
  if (landed === undefined && tip === undefined)
    throw new UserError(
      `the branch ${feature.branch} is gone from ${action.rig}`,
      'push it again, or close the convoy with "gt convoy close"',
      'not-found',
    );
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const convoy = assertRevision(tx, action.convoy, action.revision);
    if (landed !== undefined) return recordFeature(tx, convoy, action.rig, { landed });
    const isRequested = requestsIn(context.store)
      .openOf(convoy.id)
      .some((request) => mergeOf(request)?.rig === action.rig);
    if (isRequested || !isDone(tx, convoy)) throw new StaleAction(`${convoy.id} does not land now`);
    const merge: MergeRequest = {
      source: convoy.id,
      landing: true,
      rig: action.rig,
      branch: feature.branch,
      commit: tip!,
      worker: actors.engine,
      retries: 0,
    };
    tx.create(action.rig, {
      title: cutBytes(`Land: ${convoy.title}`, 400),
      type: MERGE_REQUEST,
      priority: Math.min(...trackedBeads(tx, convoy).map(({ priority }) => priority)),
      metadata: { merge },
    });
    tx.event({ type: 'landing_requested', convoy: convoy.id, rig: action.rig, new: tip, message: convoy.title });
  });
}
