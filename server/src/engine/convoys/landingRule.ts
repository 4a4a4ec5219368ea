import type { Action } from '../loop/action';
import type { TownView } from '../state/townView';

/** A convoy lands when all it tracks is closed, and never when it tracks nothing. An owned one is landed by a person. */
export function convoys(view: TownView): Action[] {
  return view.convoys
    .filter(
      (convoy) =>
        convoy.status === 'open' &&
        !convoy.owned &&
        convoy.tracked.length > 0 &&
        convoy.tracked.every((bead) => bead.closed),
    )
    .map((convoy) => ({ type: 'land-convoy', convoy: convoy.id, revision: convoy.revision }));
}
