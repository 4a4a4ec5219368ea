import type { Transaction } from '../../beads/store';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { resolveEscalation } from '../escalation/escalation';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../loop/context';
import type { Action } from '../loop/action';
import { rejectWork } from '../mergeQueue/rejectWork';
import {
  isClosed,
  isRejectedRound,
  mergeOf,
  orderOf,
  rejectionsOf,
  withMerge,
  withWork,
  workOf,
  type MergeRequest,
  type Work,
} from '../state/work';
import { approvalOf, feedbackOf, outcomeOf, type ReviewAnswer } from './reviewers';

/** Maximum number of bytes of one review on the bead, and of reviews. */
export const MESSAGE_BYTES = 8_000;
const MAX_REVIEWS = 20;

/** Key of the escalation for reviewers that do not answer. */
export function reviewKey(mergeRequest: string): string {
  return `review-${mergeRequest}`;
}

/** Approves a change. @param first its order, if it is merged before all others */
export function approve(
  tx: Transaction,
  bead: Bead,
  request: MergeRequest,
  { by, message, first }: { by: string; message: string; first?: number },
): void {
  tx.update(bead.id, {
    metadata: withMerge(bead, {
      review: { ...request.review!, state: 'approved', by, message },
      order: first ?? orderOf(request),
      first: undefined,
      notBefore: undefined,
    }),
  });
  resolveEscalation(tx, reviewKey(bead.id), `Approved by ${by}`);
  tx.event({
    type: 'review_approved',
    bead: request.source,
    agent: request.worker,
    rig: request.rig,
    message: firstLine(message),
  });
}

/**
 * Rejects a change: it goes back to its author with the reviewers' messages, or, after too many rounds, to a person.
 */
export function rejectReviewed(
  tx: Transaction,
  bead: Bead,
  request: MergeRequest,
  { by, message, now, maxRounds }: { by: string; message: string; now: Date; maxRounds: number },
): void {
  resolveEscalation(tx, reviewKey(bead.id), `Rejected by ${by}`);
  tx.event({
    type: 'review_rejected',
    bead: request.source,
    agent: request.worker,
    rig: request.rig,
    message: firstLine(message),
  });
  const feedback = cutBytes(message, 2 * MESSAGE_BYTES);
  const why = { problem: `${by} requested changes: ${firstLine(message)}`, feedback };
  rejectWork(tx, bead.id, request, why, { now, retry: (work: Work) => rejectionsOf(work) < maxRounds });
}

/** Stores a review on the bead. @param part one of several that did not decide alone */
export function remember(
  tx: Transaction,
  request: MergeRequest,
  { by, verdict, message, at }: ReviewAnswer,
  { patch, part }: { patch: string; part: boolean },
): void {
  const source = tx.get(request.source);
  if (!source) return;
  const entry = {
    by,
    verdict,
    message: cutBytes(message, MESSAGE_BYTES),
    patch,
    at,
    ...(request.note ? { note: request.note } : {}),
    ...(part ? { part: true as const } : {}),
  };
  const work = workOf(source);
  const reviews = [...work.reviews, entry];
  const dropped = reviews.slice(0, -MAX_REVIEWS);
  tx.update(source.id, {
    metadata: withWork(source, {
      reviews: reviews.slice(-MAX_REVIEWS),
      olderRejections: (work.olderRejections ?? 0) + dropped.filter(isRejectedRound).length || undefined,
    }),
  });
}

/**
 * Concludes a review after a change of the settings: missing reviewers are no longer waited for, the verdicts of the
 * others decide.
 */
export async function concludeReview(
  action: Extract<Action, { type: 'conclude-review' }>,
  context: EngineContext,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    const request = mergeOf(bead);
    if (!request?.review || isClosed(bead.status) || request.review.state !== 'waiting')
      throw new StaleAction(`${bead.id} has changed`);
    const { patch, reviewers } = request.review;
    switch (outcomeOf(rig.review, reviewers)) {
      case 'waiting':
        throw new StaleAction(`${bead.id} waits for its reviewers`);
      case 'approved':
        return approve(tx, bead, request, approvalOf(rig.review, reviewers));
      case 'rejected':
        countRound(tx, request, patch);
        return rejectReviewed(tx, bead, request, {
          ...feedbackOf(rig.review, reviewers),
          now: context.clock.now(),
          maxRounds: action.maxReviewRounds,
        });
    }
  });
}

/** Counts an earlier rejection, which did not decide at that time, as a round. */
function countRound(tx: Transaction, request: MergeRequest, patch: string): void {
  const source = tx.get(request.source);
  if (!source) return;
  const { reviews } = workOf(source);
  const last = reviews.findLastIndex((review) => review.verdict === 'rejected' && review.patch === patch);
  if (last < 0 || !reviews[last]!.part) return;
  const changed = reviews.map((review, index) => (index === last ? { ...review, part: undefined } : review));
  tx.update(source.id, { metadata: withWork(source, { reviews: changed }) });
}
