import type { Action } from '../loop/action';
import type { MergeView, RigView, TownView } from '../state/townView';
import { byTarget, isWatched } from '../mergeQueue/mergeRule';
import { FAREWELL_MS } from '../supervision/sessionEndRule';
import { time, waitEnd } from '../state/times';
import type { ReviewerState } from '../state/work';
import { parseReviewer, reviewerAddress } from '../../town/layout';
import { outcomeOf, PERSON, reviewersOf, SCRIPT } from './reviewers';

/** Requests reviews, and records reviewers that do not answer. */
export function reviews(view: TownView): Action[] {
  return view.rigs
    .filter((rig) => rig.accepted && rig.review !== 'off')
    .flatMap((rig): Action[] => {
      const requests = view.merges
        .filter(
          (merge) => merge.rig === rig.name && merge.notBefore <= view.now && !merge.hasOpenSteps && !merge.isTaken,
        )
        .sort((a, b) => a.order - b.order || a.createdAt - b.createdAt || a.id.localeCompare(b.id));
      return [...requestReviews(requests, rig), ...ask(view, requests, rig)];
    });
}

/** Rebased first: a change that conflicts needs no review. One at a time for each target. */
function requestReviews(requests: MergeView[], rig: RigView): Action[] {
  const unread = requests.filter((request) => !request.review && !isWatched(request, rig));
  return [...byTarget(unread)].map(([target, [next]]) => ({
    type: 'request-review',
    mergeRequest: next!.id,
    rig: rig.name,
    ...(target === undefined ? {} : { target }),
    revision: next!.revision,
    maxAttempts: rig.maxAttempts,
    maxReviewRounds: rig.maxReviewRounds,
  }));
}

/** Each reviewer gets one change at a time: the first in the queue without its verdict. */
function ask(view: TownView, requests: MergeView[], rig: RigView): Action[] {
  const waiting = requests.filter(({ review }) => review?.state === 'waiting');
  const decided = waiting.filter(({ review }) => outcomeOf(rig.review, review!.states) !== 'waiting');
  const conclusions = decided.map(
    ({ id, revision }): Action => ({
      type: 'conclude-review',
      mergeRequest: id,
      rig: rig.name,
      revision,
      maxReviewRounds: rig.maxReviewRounds,
    }),
  );
  const open = waiting.filter((request) => !decided.includes(request));
  const asked = reviewersOf(rig.review).reviewers.flatMap((reviewer) => askReviewer(view, open, rig, reviewer));
  return [...conclusions, ...asked];
}

function askReviewer(view: TownView, open: readonly MergeView[], rig: RigView, reviewer: string): Action[] {
  if (reviewer === PERSON) return [];
  const next = open.find((request) => isMissing(request.review!.states[reviewer], view.now));
  if (!next) return [];
  const about = { mergeRequest: next.id, rig: rig.name, revision: next.revision };
  if (reviewer === SCRIPT) return [{ type: 'review-by-script', ...about, maxReviewRounds: rig.maxReviewRounds }];
  const address = reviewerAddress(rig.name, reviewer);
  const isTaken = view.sessions.some((session) => session.role === 'refinery' && session.agent === address);
  return isTaken || rig.unacceptedReviewers.includes(reviewer) ? [] : [{ type: 'review-by-agent', ...about, reviewer }];
}

function isMissing(state: ReviewerState | undefined, now: number): boolean {
  if (!state) return true;
  return !state.answer && !state.person && waitEnd(time(state.notBefore), now) <= now;
}

/** Ends reviewer sessions that have answered or take too long, and removes records of ended ones. */
export function reviewerEnds(view: TownView): Action[] {
  return view.sessions
    .filter((session) => session.role === 'refinery')
    .flatMap((session): Action[] => {
      const request = view.merges.find((merge) => merge.id === session.bead);
      const rig = view.rigs.find((candidate) => candidate.name === session.rig);
      const reviewer = parseReviewer(session.agent)?.reviewer;
      const end: Action[] = session.exit ? [] : [{ type: 'end-session', session: session.id }];
      if (rig && request && reviewer !== undefined && session.doneAt === undefined && isAsked(rig, request, reviewer)) {
        const silence = (problem: string, stopped = false): Action[] => [
          {
            type: 'record-review-timeout',
            mergeRequest: request.id,
            rig: rig.name,
            reviewer,
            session: session.id,
            revision: request.revision,
            problem,
            stopped,
          },
        ];
        if (session.exit)
          return session.exit.kind === 'stopped'
            ? silence('was stopped by a person', true)
            : silence('ended without an answer');
        return view.now - session.startedAt > rig.reviewTimeoutMs
          ? silence(`gave no answer within ${rig.reviewTimeoutMs / 1000} s`)
          : [];
      }
      if (session.exit) return [{ type: 'forget-session', session: session.id }];
      return session.doneAt !== undefined && view.now - session.doneAt < FAREWELL_MS ? [] : end;
    });
}

/** Whether a reviewer's verdict on the version that it was shown is still missing. */
function isAsked(rig: RigView, { review }: MergeView, reviewer: string): boolean {
  const state = review?.states[reviewer];
  return (
    reviewersOf(rig.review).reviewers.includes(reviewer) &&
    review?.state === 'waiting' &&
    state?.shown === review.patch &&
    !state.person &&
    !state.answer
  );
}
