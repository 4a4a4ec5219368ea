import type { Transaction } from '../../beads/store';
import type { Action } from '../loop/action';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import { escalate } from '../escalation/escalation';
import { reviewKey } from './review';
import { mergeOf, withMerge } from '../state/work';
import { backoffMs } from '../loop/failure';

/** Maximum number of reviewer sessions before a person has to review. */
const MAX_UNANSWERED = 3;
/** A reviewer that a person stopped is not restarted at once. */
const STOPPED_PAUSE_MS = 60_000;

/** A reviewer's session gave no answer: it is ended, and another is asked, a bounded number of times. */
export async function recordReviewTimeout(
  action: Extract<Action, { type: 'record-review-timeout' }>,
  context: EngineContext,
): Promise<void> {
  await context.sessions.end(action.session, 'ended');
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    const record = action.stopped ? recordStopped : recordUnanswered;
    record(tx, bead, `the reviewer ${action.problem}`, context.clock.now());
  });
  await context.sessions.forget(action.session);
}

/** Being stopped by a person does not count as a failed review. */
function recordStopped(tx: Transaction, bead: Bead, problem: string, now: Date): void {
  const request = mergeOf(bead);
  if (!request?.review) return;
  const review = { ...request.review, shown: undefined };
  tx.update(bead.id, {
    metadata: withMerge(bead, { review, notBefore: new Date(now.getTime() + STOPPED_PAUSE_MS).toISOString() }),
  });
  tx.event({ type: 'review_unanswered', bead: request.source, rig: request.rig, message: problem });
}

export function recordUnanswered(tx: Transaction, bead: Bead, problem: string, now: Date): void {
  const request = mergeOf(bead);
  if (!request?.review) return;
  const unanswered = request.review.unanswered + 1;
  const person = unanswered >= MAX_UNANSWERED;
  tx.update(bead.id, {
    metadata: withMerge(bead, {
      review: { ...request.review, unanswered, shown: undefined, person: person || undefined },
      notBefore: new Date(now.getTime() + backoffMs(unanswered)).toISOString(),
    }),
  });
  tx.event({
    type: 'review_unanswered',
    bead: request.source,
    rig: request.rig,
    message: cutBytes(firstLine(problem), 300),
  });
  if (!person) return;
  escalate(tx, {
    key: reviewKey(bead.id),
    bead: request.source,
    rig: request.rig,
    agent: request.worker,
    title: `${request.source} waits for your review: ${cutBytes(firstLine(problem), 200)}`,
    detail: `${problem}\n\nAsked ${unanswered} times. Look at the change yourself: "gt mq status ${request.source}", then "gt mq approve ${request.source}" or "gt mq reject ${request.source} -m …".`,
  });
}
