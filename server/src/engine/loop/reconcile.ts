import { actionKey, keysMeet, type Action } from './action';
import type { TownView } from '../state/townView';
import { sessionEnds } from '../supervision/sessionEndRule';
import { deaths } from '../supervision/deathRule';
import { sessionStarts } from '../dispatch/startSessionRule';
import { dispatch } from '../dispatch/dispatchRule';
import { reviewerEnds, reviews } from '../review/reviewRule';
import { stalls } from '../supervision/stallRule';
import { crashLoops } from '../supervision/crashLoopRule';
import { orphanedReviews } from '../review/orphanedReviewRule';
import { mayorEnds, mayorStarts } from '../mayor/mayorRule';
import { pullRequests } from '../mergeQueue/pullRequests/pullRequestRule';
import { merges } from '../mergeQueue/mergeRule';
import { strandedMerges } from '../mergeQueue/strandedMerges';
import { removableWorktrees } from '../dispatch/worktreeRule';
import { convoys, endedFeatures } from '../convoys/landingRule';
import { settledEscalations } from '../escalation/settled';
import { openGates } from '../molecules/gateRule';

/** A rule derives actions from a view of the town. */
export type Rule = (view: TownView) => Action[];

/** Rules that also run while the engine is paused: they only record events. */
const bookkeeping: Rule[] = [sessionEnds, reviewerEnds, mayorEnds, deaths, settledEscalations];

/** Rules that start work. Revisions come before new beads. */
const progress: Rule[] = [
  crashLoops,
  stalls,
  orphanedReviews,
  sessionStarts,
  dispatch,
  reviews,
  mayorStarts,
  strandedMerges,
  merges,
  pullRequests,
  removableWorktrees,
  convoys,
  endedFeatures,
  openGates,
];

/** Derives the next actions. Pure: the same view gives the same actions in the same order. */
export function reconcile(view: TownView): Action[] {
  const rules = view.up ? [...bookkeeping, ...progress] : bookkeeping;
  const taken = new Set(view.inFlight);
  return rules
    .flatMap((rule) => rule(view))
    .filter((action) => {
      const key = actionKey(action);
      if ([...taken].some((other) => keysMeet(key, other))) return false;
      taken.add(key);
      return true;
    });
}
