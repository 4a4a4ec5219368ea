import type { Action } from '../loop/action';
import type { MergeView, RigView, TownView } from '../state/townView';
import { byTarget } from '../mergeQueue/mergeRule';
import { FAREWELL_MS } from '../supervision/sessionEndRule';

/** Requests reviews, and records reviewers that do not answer. */
export function reviews(view: TownView): Action[] {
  return view.rigs
    .filter((rig) => rig.accepted && rig.review !== 'off')
    .flatMap((rig): Action[] => {
      const requests = view.merges
        .filter((merge) => merge.rig === rig.name && merge.notBefore <= view.now && !merge.hasOpenSteps)
        .sort((a, b) => a.order - b.order || a.createdAt - b.createdAt || a.id.localeCompare(b.id));
      return [...requestReviews(requests, rig), ...ask(view, requests, rig)];
    });
}

/** Rebased first: a change that conflicts needs no review. One at a time for each target. */
function requestReviews(requests: MergeView[], rig: RigView): Action[] {
  return [...byTarget(requests.filter((request) => !request.review))].map(([target, [next]]) => ({
    type: 'request-review',
    mergeRequest: next!.id,
    rig: rig.name,
    ...(target === undefined ? {} : { target }),
    revision: next!.revision,
    maxAttempts: rig.maxAttempts,
    maxReviewRounds: rig.maxReviewRounds,
  }));
}

function ask(view: TownView, requests: MergeView[], rig: RigView): Action[] {
  const next = requests.find((request) => request.review?.state === 'waiting' && !request.review.person);
  if (!next || rig.review === 'person') return [];
  if (rig.review === 'script') {
    return [
      {
        type: 'review-by-script',
        mergeRequest: next.id,
        rig: rig.name,
        revision: next.revision,
        maxReviewRounds: rig.maxReviewRounds,
      },
    ];
  }
  const isTaken = reviewers(view, rig.name).length > 0;
  return isTaken || !rig.reviewerAccepted
    ? []
    : [{ type: 'review-by-agent', mergeRequest: next.id, rig: rig.name, revision: next.revision }];
}

function reviewers(view: TownView, rig: string) {
  return view.sessions.filter((session) => session.role === 'refinery' && session.rig === rig);
}

/** Ends reviewer sessions that have answered or take too long, and removes records of ended ones. */
export function reviewerEnds(view: TownView): Action[] {
  return view.sessions
    .filter((session) => session.role === 'refinery')
    .flatMap((session): Action[] => {
      const request = view.merges.find((merge) => merge.id === session.bead);
      const rig = view.rigs.find((candidate) => candidate.name === session.rig);
      const isWanted =
        rig?.review === 'agent' &&
        request?.review?.state === 'waiting' &&
        request.review.shown === request.review.patch &&
        !request.review.person;
      const end: Action[] = session.exit ? [] : [{ type: 'end-session', session: session.id }];
      if (isWanted && session.doneAt === undefined) {
        const silence = (problem: string, stopped = false): Action[] => [
          {
            type: 'record-review-timeout',
            mergeRequest: request.id,
            rig: rig.name,
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
