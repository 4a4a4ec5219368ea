import type { Action } from '../loop/action';
import type { MergeView, RigView, TownView } from '../state/townView';
import { batchSize } from './batchSize';
import { inTurns } from './turns';

/** Each target of a rig gets one batch at a time: the requests with the highest scores, the older one on a tie. */
export function merges(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    const ready = view.merges.filter((merge) => isReady(merge, rig, view.now));
    return [...byTarget(ready).values()].map((queue) => nextBatch(rig, inTurns(queue, view.now)));
  });
}

/** Requests by the feature branch that they land on; undefined is the rig's own target. */
export function byTarget(merges: readonly MergeView[]): Map<string | undefined, MergeView[]> {
  const queues = new Map<string | undefined, MergeView[]>();
  for (const merge of merges) {
    const queue = queues.get(merge.target?.branch);
    if (queue) queue.push(merge);
    else queues.set(merge.target?.branch, [merge]);
  }
  return queues;
}

/** @param queue requests for one target in the order of their turns, 1 or more */
function nextBatch(rig: RigView, queue: readonly MergeView[]): Action {
  const { name, maxAttempts, maxBatch } = rig;
  const target = queue[0]!.target;
  // A pull request stands on the target, and not on another one.
  const isSingle = rig.mergeStrategy === 'pr' && !target;
  const size = isSingle ? 1 : batchSize(target?.mergeWindow ?? rig.mergeWindow, queue.length, maxBatch);
  return {
    type: 'merge',
    rig: name,
    ...(target ? { target: target.branch } : {}),
    requests: queue.slice(0, size).map(({ id, revision }) => ({ mergeRequest: id, revision })),
    maxAttempts,
    maxBatch,
  };
}

/** It is merged by its pull request. */
export function isWatched(merge: Pick<MergeView, 'hasPullRequest'>, rig: Pick<RigView, 'mergeStrategy'>): boolean {
  return merge.hasPullRequest && rig.mergeStrategy === 'pr';
}

function isReady(merge: MergeView, rig: RigView, now: number): boolean {
  return (
    merge.rig === rig.name &&
    rig.accepted &&
    merge.notBefore <= now &&
    !merge.hasOpenSteps &&
    !isWatched(merge, rig) &&
    (rig.review === 'off' || merge.review?.state === 'approved')
  );
}
