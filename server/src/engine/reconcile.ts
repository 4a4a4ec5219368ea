import { actionKey, type Action } from './action';
import type { TownView } from './view';
import { sessionEnds } from './rules/sessionEnds';
import { deaths } from './rules/deaths';
import { revisions } from './rules/revisions';
import { dispatch } from './rules/dispatch';
import { reviewerEnds, reviews } from './rules/reviews';
import { silence } from './rules/silence';
import { storms } from './rules/storms';
import { strays } from './rules/strays';
import { mayorEnds, mayorStarts } from './rules/mayor';
import { mergeQueue } from './rules/mergeQueue';
import { worktrees } from './rules/worktrees';
import { convoys } from './rules/convoys';

/** One rule looks at the town and says what should happen. */
export type Rule = (view: TownView) => Action[];

/** Run whether the engine is up or not: they only write down what has happened. */
const bookkeeping: Rule[] = [sessionEnds, reviewerEnds, mayorEnds, deaths];

/** Start something new. Revisions come before new beads. */
const progress: Rule[] = [
  storms,
  silence,
  strays,
  revisions,
  dispatch,
  reviews,
  mayorStarts,
  mergeQueue,
  worktrees,
  convoys,
];

/** Decides what to do next. Pure: the same view gives the same actions, in the same order. */
export function reconcile(view: TownView): Action[] {
  const rules = view.up ? [...bookkeeping, ...progress] : bookkeeping;
  const taken = new Set(view.inFlight);
  return rules
    .flatMap((rule) => rule(view))
    .filter((action) => {
      const key = actionKey(action);
      if (taken.has(key)) return false;
      taken.add(key);
      return true;
    });
}
