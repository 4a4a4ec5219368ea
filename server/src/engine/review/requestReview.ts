import { AbortedError } from '../../base/abort';
import type { Action } from '../loop/action';
import { actors, requireRig, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import { checkBeforeReview, checksComeFirst } from './checkBeforeReview';
import { rejectReviewed, remember } from './conclude';
import {
  failuresOf,
  isClosed,
  mergeOf,
  rejectionsOf,
  withMerge,
  workOf,
  type Check,
  type MergeRequest,
} from '../state/work';
import { landedCandidate, makeCandidate } from '../mergeQueue/candidate';
import { cancelMerge, closedFirst, deferMerge, OUTDATED } from '../mergeQueue/deferMerge';
import { finishMerge, NOTHING_LEFT } from '../mergeQueue/finishMerge';
import { openRequest } from '../mergeQueue/openRequest';
import { recordIfMerged } from '../mergeQueue/pullRequests/recordMerged';
import { recordChecks } from '../mergeQueue/checks';
import { requestsIn } from '../mergeQueue/requestIndex';
import { rejectWork, type Feedback } from '../mergeQueue/rejectWork';

/** Stands for the patch-id if there is no change. */
const NO_CHANGE = 'no change';

type RequestReviewAction = Extract<Action, { type: 'request-review' }>;

/**
 * Builds the commit that would land now, and requests its review. A change that does not rebase, or is resubmitted
 * without a change or a reply to the last rejection, goes back unreviewed.
 */
export async function requestReview(action: RequestReviewAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const request = openRequest(context, action);
  try {
    const landed = await landedCandidate(rig, request, context);
    if (landed !== undefined) return await finishMerge(action, request, { commit: landed }, context);
    if (isClosed(context.store.get(request.source)?.status ?? 'closed'))
      return await cancelMerge(action, closedFirst(request.source), context);
    if (request.noChange) {
      const { commit } = await rig.landingBase(request.target);
      return await ask(action, request, { patch: NO_CHANGE, commit, base: commit }, context);
    }
    const { commit: base } = await rig.landingBase(request.target);
    const candidate = await makeCandidate(rig, request, base, context);
    if (candidate.kind === 'returned') return await returnUnread(action, request, candidate.why, context);
    if (candidate.kind === 'outdated') return await cancelMerge(action, OUTDATED, context);
    if (candidate.kind === 'empty') {
      if (await recordIfMerged(action, { rig, context, request }, base)) return;
      return await finishMerge(action, request, { noChange: NOTHING_LEFT }, context);
    }
    const { commit } = candidate;
    const patch = await rig.patchId(base, commit);
    const { checks, why } = checksComeFirst(rig, request)
      ? await checkBeforeReview(rig, { id: action.mergeRequest, request, commit, base }, context)
      : {};
    if (why) return await returnUnread(action, request, why, context, checks);
    await rig.keepForReview(action.mergeRequest, commit, openRequests(context));
    await ask(action, request, { patch, commit, base }, context, checks);
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await deferMerge(action, error, context);
  }
}

async function ask(
  action: RequestReviewAction,
  request: MergeRequest,
  candidate: { patch: string; commit: string; base: string },
  context: EngineContext,
  checks?: Check[],
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    const source = tx.get(request.source);
    const last = source && workOf(source).reviews.at(-1);
    if (source && !request.landing && last?.verdict === 'rejected' && last.patch === candidate.patch && !request.note) {
      const message = `The change is the same as the one that was rejected:\n\n${last.message}`;
      const by = actors.refinery(action.rig);
      const now = context.clock.now();
      const answer = { by, verdict: 'rejected' as const, message, at: now.toISOString() };
      remember(tx, request, answer, { patch: candidate.patch, part: false });
      rejectReviewed(tx, bead, request, { by, message, now, maxRounds: action.maxReviewRounds });
      return;
    }
    tx.update(bead.id, {
      status: 'open', // a direct landing may have been interrupted
      metadata: withMerge(bead, {
        review: { state: 'waiting', ...candidate, reviewers: {} },
        notBefore: undefined,
        ...(checks ? { checks, testedWith: undefined } : {}),
      }),
    });
    tx.event({
      type: 'review_requested',
      bead: request.source,
      agent: request.worker,
      rig: action.rig,
      message: `round ${source ? rejectionsOf(workOf(source)) + 1 : 1}`,
    });
  });
}

/** Rebasing onto the new target changed the patch: the approval does not cover it. */
export async function reopen(
  action: { mergeRequest: string; rig: string },
  commit: string,
  base: string,
  context: EngineContext,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  const patch = await rig.patchId(base, commit);
  await rig.keepForReview(action.mergeRequest, commit, openRequests(context));
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = tx.get(action.mergeRequest);
    const request = bead && mergeOf(bead);
    if (!bead || !request || isClosed(bead.status)) return;
    tx.update(bead.id, {
      status: 'open',
      metadata: withMerge(bead, { review: { state: 'waiting', patch, commit, base, reviewers: {} } }),
    });
    tx.event({
      type: 'review_reopened',
      bead: request.source,
      agent: request.worker,
      rig: action.rig,
      message: 'the rebase changed the approved patch',
    });
  });
}

function openRequests(context: EngineContext): string[] {
  return requestsIn(context.store)
    .open()
    .map((bead) => bead.id);
}

async function returnUnread(
  action: RequestReviewAction,
  request: MergeRequest,
  why: Feedback,
  context: EngineContext,
  checks?: Check[],
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    if (checks) recordChecks(tx, bead.id, checks, bead.id);
    rejectWork(tx, bead.id, request, why, {
      now: context.clock.now(),
      retry: (work) => failuresOf(work) < action.maxAttempts,
    });
  });
}
