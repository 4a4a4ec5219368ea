import type { BeadStore, Transaction } from '../../beads/store';
import { featureConvoyOf, featureOf, recordFeature } from '../convoys/feature';
import { resolveEscalation } from '../escalation/escalation';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import type { Bead } from '../../protocol/bead';
import { isClosed, mergeOf, withMerge, withWork, type MergeRequest } from '../state/work';
import { landingKey } from './deferMerge';
import { requestsIn } from './requestIndex';
import { validationOf } from './validation';

/** The landed commit, or the reason why nothing has to land. */
export type MergeEnding = { commit: string } | { noChange: string };

export const NOTHING_LEFT = 'the target already contains it';

export interface EndedMerge {
  mergeRequest: string;
  /** The request that was read; any if it is missing. */
  revision?: string;
  request: MergeRequest;
  ending: MergeEnding;
}

/** Closes finished merge requests and their beads in one batch, with their escalations. */
export async function finishMerges(
  { rig, actor = actors.refinery(rig) }: { rig: string; actor?: string },
  ended: readonly EndedMerge[],
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor }, (tx) => {
    for (const merge of ended) finish(tx, rig, merge, context);
  });
}

/** Closes one merge request and its bead. @throws StaleAction if the request has another revision */
export function finishMerge(
  turn: { mergeRequest: string; rig: string; actor?: string; revision?: string },
  request: MergeRequest,
  ending: MergeEnding,
  context: EngineContext,
): Promise<void> {
  return finishMerges(turn, [{ mergeRequest: turn.mergeRequest, revision: turn.revision, request, ending }], context);
}

function finish(
  tx: Transaction,
  rig: string,
  { mergeRequest, revision, request, ending }: EndedMerge,
  context: EngineContext,
): void {
  const bead = tx.get(mergeRequest);
  if (!bead || isClosed(bead.status)) return;
  if (revision !== undefined) assertRevision(tx, mergeRequest, revision);
  const commit = 'commit' in ending ? ending.commit : undefined;
  const reason = 'commit' in ending ? `Merged in ${ending.commit.slice(0, 12)}` : `No change: ${ending.noChange}`;
  const current = mergeOf(bead) ?? request;
  const ended = commit === undefined ? { ending: 'no-change' as const } : { ending: 'merged' as const, landed: commit };
  tx.update(bead.id, { metadata: withMerge(bead, ended) });
  tx.close(bead.id, reason, { force: true });
  const source = tx.get(request.source);
  if (source && request.landing) return finishLanding(tx, source, { mergeRequest, request: current, ending });
  if (source && !isClosed(source.status)) {
    const gates = context.rig(rig)?.gates ?? [];
    const by = actors.refinery(rig);
    const at = context.clock.now();
    const merged =
      commit === undefined
        ? {}
        : { merged: commit, target: request.target, validation: validationOf(current, { commit, by, gates, at }) };
    tx.update(source.id, {
      metadata: withWork(source, { ...merged, candidate: undefined, problem: undefined, feedback: undefined }),
    });
    tx.close(source.id, reason, { force: true });
    if (commit !== undefined && request.target !== undefined) recordTip(tx, context.store, request, commit);
  }
  for (const key of [request.source, bead.id, landingKey(rig)]) resolveEscalation(tx, key, reason);
  tx.event({
    type: commit === undefined ? 'merge_withdrawn' : 'merged',
    bead: request.source,
    agent: request.worker,
    rig,
    ...(commit === undefined ? { message: reason } : { new: commit }),
  });
}

/** Records that the feature branch of the bead's convoy contains its commit, which landings requested before lack. */
function recordTip(tx: Transaction, store: BeadStore, { source, rig, target }: MergeRequest, tip: string): void {
  const id = featureConvoyOf(store, source)?.id;
  const convoy = id === undefined ? undefined : tx.get(id);
  if (!convoy || featureOf(convoy)?.branch !== target) return;
  recordFeature(tx, convoy, rig, { tip, candidate: undefined, landed: undefined });
  for (const { id: request } of requestsIn(store).openOf(convoy.id)) {
    const landing = tx.get(request);
    if (landing && mergeOf(landing)?.rig === rig)
      tx.update(request, { metadata: withMerge(landing, { outdated: true }) });
  }
}

/**
 * Records that the feature branch of a convoy is on the target: the convoy closes once that is true in each of its
 * rigs. Another landing is requested for work that was added to the branch meanwhile.
 */
function finishLanding(tx: Transaction, convoy: Bead, { mergeRequest, request, ending }: EndedMerge): void {
  const { rig } = request;
  const landed = 'commit' in ending ? ending.commit : request.commit;
  if (!request.outdated) recordFeature(tx, convoy, rig, { landed });
  for (const key of [mergeRequest, landingKey(rig)]) resolveEscalation(tx, key, `${request.branch} has landed`);
  tx.event({ type: 'feature_landed', convoy: convoy.id, rig, new: landed, message: convoy.title });
}
