import { UserError } from '../../base/errors';
import type { BeadStore, Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ReviewResult } from '../../protocol/town';
import { targetOf } from '../convoys/feature';
import { resolveEscalation } from '../escalation/escalation';
import { requireRig, type EngineContext } from '../loop/context';
import { isClosed, MERGE_REQUEST, mergeOf, withWork, workOf, type MergeRequest } from '../state/work';
import { requestsIn } from './requestIndex';
import { requeue } from './requeue';

/** Retries a merge that waits, has failed, or was rejected until its bead failed. */
export async function retryMerge(context: EngineContext, caller: CallContext, name: string): Promise<ReviewResult> {
  const bead = requestsIn(context.store).find(name);
  const request = bead && mergeOf(bead);
  if (!request) throw new UserError(`there is no merge request ${name}`, 'see "gt mq list --all"', 'not-found');
  const tip = await requireRig(context, request.rig).branchTip(request.branch);
  return context.store.batch(caller, (tx) => {
    const current = tx.get(bead.id)!;
    const source = tx.get(request.source);
    if (current.status === 'closed' && request.landing)
      throw new UserError(
        `the landing of ${request.source} was sent back`,
        `it is requested again once its beads are closed: "gt convoy status ${request.source}"`,
        'conflict',
      );
    if (current.status === 'closed')
      return submitAgain(tx, context.store, caller, { closed: current, source, request, tip });
    if (!['open', 'failed'].includes(current.status))
      throw new UserError(
        current.status === 'in_progress'
          ? `${request.source} is being merged right now`
          : `${bead.id} is ${current.status}`,
        undefined,
        'conflict',
      );
    if (source && request.landing) {
      if (isClosed(source.status)) throw new UserError(`${source.id} is closed`, undefined, 'conflict');
      requeue(tx, current, source);
      resolveEscalation(tx, current.id, `retried by ${caller.actor}`);
      return { mergeRequest: current.id, bead: source.id };
    }
    if (!source || !['failed', 'in_review'].includes(source.status) || source.assignee !== request.worker)
      throw restarted(request);
    requeue(tx, current, source);
    for (const key of [current.id, source.id]) resolveEscalation(tx, key, `retried by ${caller.actor}`);
    return { mergeRequest: current.id, bead: source.id };
  });
}

/** Submits the same commits again, after checks or reviewers rejected them until the attempts were used up. */
function submitAgain(
  tx: Transaction,
  store: BeadStore,
  caller: CallContext,
  {
    closed,
    source,
    request,
    tip,
  }: { closed: Bead; source: Bead | undefined; request: MergeRequest; tip: string | undefined },
): ReviewResult {
  if (request.landed !== undefined || request.ending === 'merged')
    throw new UserError(`${request.source} is merged already`, `see "gt mq status ${request.source}"`, 'conflict');
  if (source?.status !== 'failed' || source.assignee !== request.worker) throw restarted(request);
  if (workOf(source).branch !== request.branch || tip !== request.commit)
    throw new UserError(
      `the branch ${request.branch} has changed since it was submitted`,
      `submit its current state: "gt mq submit --issue ${source.id}"; or start over: "gt sling ${source.id} ${request.rig}"`,
      'conflict',
    );
  const { review } = request;
  const target = targetOf(store, request.source);
  const merge: MergeRequest = {
    source: request.source,
    rig: request.rig,
    branch: request.branch,
    commit: request.commit,
    worker: request.worker,
    target,
    retries: 0,
    // The approval still covers the unchanged patch. A rejected patch is reviewed again.
    ...(review?.state === 'approved' && target === request.target ? { review } : {}),
    note: request.note ?? `Retried by ${caller.actor}`,
    ...(request.noChange ? { noChange: true } : {}),
  };
  const again = tx.create(request.rig, {
    title: closed.title,
    type: MERGE_REQUEST,
    priority: closed.priority,
    metadata: { merge },
  });
  tx.update(source.id, { status: 'in_review', metadata: withWork(source, { problem: undefined }) });
  resolveEscalation(tx, source.id, `retried by ${caller.actor}`);
  tx.event({ type: 'resubmitted', bead: source.id, agent: request.worker, rig: request.rig });
  return { mergeRequest: again.id, bead: source.id };
}

/** The error for a bead that was restarted: its old work must not overtake the new. */
function restarted(request: MergeRequest): UserError {
  return new UserError(
    `${request.source} is no longer assigned to ${request.worker}, or its agent is working on it again`,
    'the work was restarted: its new merge request replaces this one',
    'conflict',
  );
}
