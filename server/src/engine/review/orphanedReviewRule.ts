import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';

/** In review, but its merge request is gone (somebody closed or deleted it): the polecat submits it again. */
export function orphanedReviews(view: TownView): Action[] {
  return view.work
    .filter((work) => work.status === 'in_review' && !work.submitted)
    .map((work) => ({ type: 'resubmit', bead: work.id, revision: work.revision }));
}
