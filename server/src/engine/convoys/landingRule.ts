import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';

/**
 * A convoy lands when all it tracks is closed, and never when it tracks nothing. An owned one is landed by a person. One with
 * a feature branch lands with that: first the branch, in each rig, then the convoy.
 */
export function convoys(view: TownView): Action[] {
  return view.convoys
    .filter(
      (convoy) =>
        convoy.status === 'open' &&
        (!convoy.owned || convoy.feature?.isRequested === true) &&
        convoy.tracked.length > 0 &&
        convoy.tracked.every((bead) => bead.closed),
    )
    .flatMap(({ id: convoy, revision, feature }): Action[] => {
      if (!feature || feature.isLanded) return [{ type: 'land-convoy', convoy, revision }];
      const [rig] = feature.toLand; // one at a time: each changes the convoy
      return rig === undefined ? [] : [{ type: 'request-landing', convoy, rig, revision }];
    });
}

/** A convoy that has ended, landed or not, needs its feature branch no more. */
export function endedFeatures(view: TownView): Action[] {
  return (view.endedFeatures ?? []).map(({ id, revision }) => ({ type: 'end-feature', convoy: id, revision }));
}
