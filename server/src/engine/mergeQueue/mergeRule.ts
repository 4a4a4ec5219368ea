import type { Action } from '../loop/action';
import type { MergeView, RigView, TownView } from '../state/townView';
import { batchSize } from './batchSize';
import { compareTurns } from './score';

/** Each rig merges one batch at a time: the requests with the highest scores, the older one on a tie. */
export function merges(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    const ready = view.merges
      .filter((merge) => isReady(merge, rig, view.now))
      .sort((a, b) => compareTurns(a, b, view.now));
    if (ready.length === 0) return [];
    const { maxAttempts, maxBatch } = rig;
    const requests = ready
      .slice(0, batchSize(rig.mergeWindow, ready.length, maxBatch))
      .map(({ id, revision }) => ({ mergeRequest: id, revision }));
    return [{ type: 'merge', rig: rig.name, requests, maxAttempts, maxBatch }];
  });
}

function isReady(merge: MergeView, rig: RigView, now: number): boolean {
  return (
    merge.rig === rig.name &&
    rig.accepted &&
    merge.notBefore <= now &&
    !merge.hasOpenSteps &&
    (rig.review === 'off' || merge.review?.state === 'approved')
  );
}
