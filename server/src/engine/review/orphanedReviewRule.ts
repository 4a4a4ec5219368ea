import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';

/** Resubmits beads in review whose merge request was closed or deleted. */
export function orphanedReviews(view: TownView): Action[] {
  return view.work
    .filter((work) => work.status === 'in_review' && !work.submitted)
    .map((work) => ({ type: 'resubmit', bead: work.id, revision: work.revision }));
}
