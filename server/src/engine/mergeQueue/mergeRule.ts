import type { Action } from '../loop/action';
import { compareTurns } from './score';
import type { TownView } from '../state/townView';

/** Each rig merges one request at a time: the one with the highest score, the older one on a tie. */
export function merges(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    const next = view.merges
      .filter((merge) => merge.rig === rig.name && rig.accepted && merge.notBefore <= view.now)
      .filter((merge) => !merge.hasOpenSteps)
      .filter((merge) => rig.review === 'off' || merge.review?.state === 'approved')
      .sort((a, b) => compareTurns(a, b, view.now))[0];
    return next
      ? [{ type: 'merge', mergeRequest: next.id, rig: rig.name, revision: next.revision, maxAttempts: rig.maxAttempts }]
      : [];
  });
}
