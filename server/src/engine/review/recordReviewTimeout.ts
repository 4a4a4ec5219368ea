import type { Transaction } from '../../beads/store';
import type { Action } from '../loop/action';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { actors, assertRevision, StaleAction, type EngineContext } from '../loop/context';
import { escalate } from '../escalation/escalation';
import { reviewKey } from './conclude';
import { isAgentReviewer } from './reviewers';
import { isClosed, mergeOf, withMerge, type MergeRequest, type ReviewerState } from '../state/work';
import { MAIN_REVIEWER } from '../../town/layout';
import { backoffMs } from '../loop/failure';

/** Maximum number of reviewer sessions before a person has to review. */
const MAX_UNANSWERED = 3;
/** A reviewer that a person stopped is not restarted at once. */
const STOPPED_PAUSE_MS = 60_000;

/** A reviewer's session gave no answer: the session is ended and restarted, a bounded number of times. */
export async function recordReviewTimeout(
  action: Extract<Action, { type: 'record-review-timeout' }>,
  context: EngineContext,
): Promise<void> {
  await context.sessions.end(action.session, 'ended');
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    const record = action.stopped ? recordStopped : recordUnanswered;
    record(tx, bead, action.reviewer, `${nameOf(action.reviewer)} ${action.problem}`, context.clock.now());
  });
  await context.sessions.forget(action.session);
}

/** Being stopped by a person does not count as a failed review. */
function recordStopped(tx: Transaction, bead: Bead, reviewer: string, problem: string, now: Date): void {
  const request = mergeOf(bead);
  if (!request?.review) return;
  change(tx, bead, request, reviewer, {
    shown: undefined,
    notBefore: new Date(now.getTime() + STOPPED_PAUSE_MS).toISOString(),
  });
  tx.event({ type: 'review_unanswered', bead: request.source, rig: request.rig, message: problem });
}

export function recordUnanswered(tx: Transaction, bead: Bead, reviewer: string, problem: string, now: Date): void {
  const request = mergeOf(bead);
  if (!request?.review) return;
  const unanswered = (request.review.reviewers[reviewer]?.unanswered ?? 0) + 1;
  const person = unanswered >= MAX_UNANSWERED;
  change(tx, bead, request, reviewer, {
    unanswered,
    shown: undefined,
    person: person || undefined,
    notBefore: new Date(now.getTime() + backoffMs(unanswered)).toISOString(),
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

/** Title of a reviewer. */
function nameOf(reviewer: string): string {
  return isAgentReviewer(reviewer) && reviewer !== MAIN_REVIEWER ? `the reviewer ${reviewer}` : 'the reviewer';
}

function change(
  tx: Transaction,
  bead: Bead,
  { review }: MergeRequest,
  reviewer: string,
  changes: Partial<ReviewerState>,
): void {
  if (!review) return;
  const state: ReviewerState = { ...(review.reviewers[reviewer] ?? { unanswered: 0 }), ...changes };
  tx.update(bead.id, {
    metadata: withMerge(bead, { review: { ...review, reviewers: { ...review.reviewers, [reviewer]: state } } }),
  });
}

/** The merge request, if this reviewer's verdict on this patch is still missing. */
export function assertUnanswered(tx: Transaction, id: string, reviewer: string, patch: string): Bead {
  const bead = tx.get(id);
  const review = bead && mergeOf(bead)?.review;
  if (
    !bead ||
    isClosed(bead.status) ||
    review?.state !== 'waiting' ||
    review.patch !== patch ||
    review.reviewers[reviewer]?.answer
  )
    throw new StaleAction(`${id} has changed`);
  return bead;
}

/** Records the patch before the reviewer's session starts: only a verdict on this patch is accepted. */
export function recordShown(tx: Transaction, bead: Bead, reviewer: string, patch: string): void {
  const request = mergeOf(bead);
  if (request) change(tx, bead, request, reviewer, { shown: patch, notBefore: undefined });
}
