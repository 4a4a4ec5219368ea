import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';

/**
 * A convoy lands when all the beads that it tracks are closed; an empty one never does. An owned one is landed by a
 * person. With a feature branch, the branch lands first, in each rig, then the convoy.
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
      const [rig] = feature.toLand; // one at a time, because each changes the convoy
      return rig === undefined ? [] : [{ type: 'request-landing', convoy, rig, revision }];
    });
}

/** Once a convoy has ended, landed or not, its feature branch is deleted. */
export function endedFeatures(view: TownView): Action[] {
  return (view.endedFeatures ?? []).map(({ id, revision }) => ({ type: 'end-feature', convoy: id, revision }));
}
