import { laneOf, mergeKey, prepareKey, type Action } from '../loop/action';
import type { MergeView, RigView, TownView } from '../state/townView';
import type { MergeWindow } from '../../rigs/mergeWindow';
import { batchSize } from './batchSize';
import { containsParts, lanesOf, uniteParts, type Lane, type Parts } from './lanes';
import { compareTurns } from './score';
import { inTurns } from './turns';

/** Below this number of requests a separate gate run costs more than it saves in waiting time. */
const PREPARED_FROM = 3;

/**
 * Each target of a rig gets one batch at a time, or one for each lane if changes touch different parts of the
 * repository: the requests with the highest scores, the older one on a tie. The following ones are tested on top of it
 * in the meantime, if further gate runs are allowed.
 */
export function merges(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    const ready = view.merges
      .filter((merge) => isReady(merge, rig, view.now))
      .sort((a, b) => compareTurns(a, b, view.now));
    const waiting = ready.filter(({ isSuspected, search }) => !isSuspected && search === undefined);
    const queues = [...byTarget(waiting).values()].map((queue) => inTurns(queue, view.now));
    return [...tracing(rig, ready), ...queues.flatMap((queue) => batchesOf(rig, queue, view.inFlight))];
  });
}

/** Finds and confirms the culprit of failed batches while the queue continues without them. */
function tracing({ name, maxAttempts }: RigView, ready: readonly MergeView[]): Action[] {
  const searched = new Map<string, { mergeRequest: string; revision: string }[]>();
  for (const { id, revision, search } of ready) {
    if (search === undefined) continue;
    const requests = searched.get(search) ?? [];
    searched.set(search, [...requests, { mergeRequest: id, revision }]);
  }
  return [
    ...ready
      .filter(({ isSuspected }) => isSuspected)
      .map(
        ({ id, revision }) =>
          ({ type: 'confirm-failure', mergeRequest: id, rig: name, revision, maxAttempts }) as const,
      ),
    ...[...searched].map(
      ([search, requests]) => ({ type: 'find-culprit', search, rig: name, requests, maxAttempts }) as const,
    ),
  ];
}

/** @param queue one or more requests for one target in merge order */
function batchesOf(rig: RigView, queue: readonly MergeView[], inFlight: ReadonlySet<string>): Action[] {
  const target = queue[0]!.target?.branch;
  const running = runningLanes(mergeKey(rig.name, target), inFlight);
  const taken = queue.filter(({ isTaken }) => isTaken);
  // The parts of a request may have changed since its batch began.
  const reserved = taken
    .map(({ parts }) => parts)
    .filter((parts) => !running.some((lane) => containsParts(lane, parts)));
  const lanes = lanesOf(
    queue.filter(({ isTaken }) => !isTaken),
    [...running, ...(running.length > 0 ? reserved : [])],
  );
  let left = Math.max(1, rig.gateRuns) - running.length;
  return lanes.flatMap((lane): Action[] => {
    if (lane.requests.length === 0) return [];
    if (lane.isRunning)
      return taken.some(({ parts }) => containsParts(lane.parts, parts))
        ? preparation(rig, lane, target, inFlight)
        : [];
    left -= 1;
    return left < 0 ? [] : [nextBatch(rig, lane.requests)];
  });
}

/** Lanes of a queue in which an action runs. @param queue key for the whole repository */
function runningLanes(queue: string, inFlight: ReadonlySet<string>): Parts[] {
  return [...inFlight].flatMap((key) => {
    const lane = laneOf(key);
    return lane?.queue === queue ? [lane.parts] : [];
  });
}

/** Requests by the feature branch that they target; undefined is the rig's own target. */
export function byTarget(merges: readonly MergeView[]): Map<string | undefined, MergeView[]> {
  const queues = new Map<string | undefined, MergeView[]>();
  for (const merge of merges) {
    const queue = queues.get(merge.target?.branch);
    if (queue) queue.push(merge);
    else queues.set(merge.target?.branch, [merge]);
  }
  return queues;
}

/** @param queue one or more requests of a lane in merge order */
function nextBatch(rig: RigView, queue: readonly MergeView[]): Action {
  const { name, maxAttempts, maxBatch } = rig;
  const { target } = queue[0]!;
  const size = isSingle(rig, target) ? 1 : batchSize(windowOf(rig, target), queue.length, maxBatch, rig.gateRuns);
  const requests = preparedFirst(queue) ?? queue.slice(0, size);
  const parts = requests.map((request) => request.parts).reduce(uniteParts);
  return {
    type: 'merge',
    rig: name,
    ...(target ? { target: target.branch } : {}),
    ...(parts === undefined ? {} : { parts }),
    requests: requests.map(({ id, revision }) => ({ mergeRequest: id, revision })),
    maxAttempts,
    maxBatch,
  };
}

/** A pull request is based on the target, not on another pull request. */
function isSingle(rig: RigView, target: MergeView['target']): boolean {
  return rig.mergeStrategy === 'pr' && !target;
}

function windowOf(rig: RigView, target: MergeView['target']): MergeWindow {
  return target?.mergeWindow ?? rig.mergeWindow;
}

/** The prepared batch that comes next, unless a person has moved others before it. */
function preparedFirst(queue: readonly MergeView[]): readonly MergeView[] | undefined {
  const batch = queue.filter(({ prepared }) => prepared === 0);
  const [first] = batch;
  return first && queue[0]!.order >= first.order ? batch : undefined;
}

/** Prepares the requests of a lane after its current batch and the prepared ones. */
function preparation(
  rig: RigView,
  lane: Lane<MergeView>,
  target: string | undefined,
  inFlight: ReadonlySet<string>,
): Action[] {
  const { name, maxBatch, gateRuns, mergeMode } = rig;
  const view = lane.requests[0]!.target;
  if (mergeMode === 'each' || isSingle(rig, view)) return [];
  const prefix = prepareKey(mergeKey(name, target), []);
  const preparations = [...inFlight].filter((key) => key.startsWith(prefix));
  const batches = runningLanes(mergeKey(name, target), inFlight).length;
  if (preparations.length + batches >= gateRuns) return [];
  const prepared = new Set(preparations.flatMap((key) => key.slice(prefix.length).split(' ')));
  const waiting = lane.requests.filter((request) => request.prepared === undefined && !prepared.has(request.id));
  if (waiting.length < PREPARED_FROM) return [];
  const size = batchSize(windowOf(rig, view), waiting.length, maxBatch, gateRuns);
  if (size < PREPARED_FROM) return [];
  const requests = waiting.slice(0, size).map(({ id, revision }) => ({ mergeRequest: id, revision }));
  return [
    {
      type: 'prepare-batch',
      rig: name,
      ...(target === undefined ? {} : { target }),
      ...(lane.parts === undefined ? {} : { parts: lane.parts }),
      requests,
    },
  ];
}

/** Whether a request is merged by its pull request. */
export function isWatched(merge: Pick<MergeView, 'hasPullRequest'>, rig: Pick<RigView, 'mergeStrategy'>): boolean {
  return merge.hasPullRequest && rig.mergeStrategy === 'pr';
}

function isReady(merge: MergeView, rig: RigView, now: number): boolean {
  return (
    merge.rig === rig.name &&
    rig.accepted &&
    merge.notBefore <= now &&
    !merge.isUnread &&
    !merge.hasOpenSteps &&
    !isWatched(merge, rig) &&
    (rig.review === 'off' || merge.review?.state === 'approved')
  );
}
