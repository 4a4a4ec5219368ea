import type { Transaction } from '../../beads/store';
import { resolveEscalation } from '../escalation/escalation';
import { actors, type EngineContext } from '../loop/context';
import { isClosed, withWork, type MergeRequest } from '../state/work';
import { landingKey } from './deferMerge';

/** The commit that has landed, or why nothing has to land. */
export type MergeEnding = { commit: string } | { noChange: string };

export const NOTHING_LEFT = 'the target has all of it already';

export interface EndedMerge {
  mergeRequest: string;
  request: MergeRequest;
  ending: MergeEnding;
}

/** Merge requests are done: they and their beads are closed at once, and nobody needs to look at them any more. */
export async function finishMerges(rig: string, ended: readonly EndedMerge[], context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.refinery(rig) }, (tx) => {
    for (const merge of ended) finish(tx, rig, merge);
  });
}

/** One merge request is done. */
export function finishMerge(
  turn: { mergeRequest: string; rig: string },
  request: MergeRequest,
  ending: MergeEnding,
  context: EngineContext,
): Promise<void> {
  return finishMerges(turn.rig, [{ mergeRequest: turn.mergeRequest, request, ending }], context);
}

function finish(tx: Transaction, rig: string, { mergeRequest, request, ending }: EndedMerge): void {
  const bead = tx.get(mergeRequest);
  if (!bead || isClosed(bead.status)) return;
  const commit = 'commit' in ending ? ending.commit : undefined;
  const reason = 'commit' in ending ? `Merged in ${ending.commit.slice(0, 12)}` : `No change: ${ending.noChange}`;
  tx.close(bead.id, reason, { force: true });
  const source = tx.get(request.source);
  if (source && !isClosed(source.status)) {
    const merged = commit === undefined ? {} : { merged: commit };
    tx.update(source.id, { metadata: withWork(source, { ...merged, problem: undefined, feedback: undefined }) });
    tx.close(source.id, reason, { force: true });
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
