import { mergeKey, prepareKey, type Action } from '../loop/action';
import type { MergeView, RigView, TownView } from '../state/townView';
import type { MergeWindow } from '../../rigs/mergeWindow';
import { batchSize } from './batchSize';
import { compareTurns } from './score';
import { inTurns } from './turns';

/** Below this number of requests a separate gate run costs more than it saves in waiting time. */
const PREPARED_FROM = 3;

/**
 * Each target of a rig gets one batch at a time: the requests with the highest scores, the older one on a tie. The
 * following ones are tested on top of it in the meantime, if further gate runs are allowed.
 */
export function merges(view: TownView): Action[] {
  return view.rigs.flatMap((rig): Action[] => {
    const ready = view.merges
      .filter((merge) => isReady(merge, rig, view.now))
      .sort((a, b) => compareTurns(a, b, view.now));
    const waiting = ready.filter(({ isSuspected, search }) => !isSuspected && search === undefined);
    const queues = [...byTarget(waiting).values()].map((queue) => inTurns(queue, view.now));
    const batches = queues.flatMap(
      (queue) => nextBatch(rig, queue, isTested(rig, queue, view) ? view.inFlight : undefined) ?? [],
    );
    return [...tracing(rig, ready), ...batches];
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

function isTested(rig: RigView, queue: readonly MergeView[], view: TownView): boolean {
  return view.inFlight.has(mergeKey(rig.name, queue[0]!.target?.branch)) && queue.some(({ isMerging }) => isMerging);
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

/**
 * @param queue one or more requests for one target in merge order
 * @param inFlight keys of running actions, if a batch of this target is running
 */
function nextBatch(rig: RigView, queue: readonly MergeView[], inFlight?: ReadonlySet<string>): Action | undefined {
  const { name, maxAttempts, maxBatch } = rig;
  const target = queue[0]!.target;
  // A pull request is based on the target, not on another pull request.
  const isSingle = rig.mergeStrategy === 'pr' && !target;
  const window = target?.mergeWindow ?? rig.mergeWindow;
  if (inFlight) return isSingle ? undefined : preparation(rig, queue, { inFlight, window, target: target?.branch });
  const size = isSingle ? 1 : batchSize(window, queue.length, maxBatch, rig.gateRuns);
  return {
    type: 'merge',
    rig: name,
    ...(target ? { target: target.branch } : {}),
    requests: (preparedFirst(queue) ?? queue.slice(0, size)).map(({ id, revision }) => ({
      mergeRequest: id,
      revision,
    })),
    maxAttempts,
    maxBatch,
  };
}

/** The prepared batch that comes next, unless a person has moved others before it. */
function preparedFirst(queue: readonly MergeView[]): readonly MergeView[] | undefined {
  const batch = queue.filter(({ prepared }) => prepared === 0);
  const [first] = batch;
  return first && queue[0]!.order >= first.order ? batch : undefined;
}

/** Prepares the requests after the current batch and the prepared ones. */
function preparation(
  { name, maxBatch, gateRuns, mergeMode }: RigView,
  queue: readonly MergeView[],
  { inFlight, window, target }: { inFlight: ReadonlySet<string>; window: MergeWindow; target: string | undefined },
): Action | undefined {
  if (mergeMode === 'each') return undefined;
  const prefix = prepareKey(name, target, []);
  const running = [...inFlight].filter((key) => key.startsWith(prefix));
  if (running.length >= gateRuns - 1) return undefined;
  const taken = new Set(running.flatMap((key) => key.slice(prefix.length).split(' ')));
  const waiting = queue.filter(({ id, isMerging, prepared }) => !isMerging && prepared === undefined && !taken.has(id));
  if (waiting.length < PREPARED_FROM) return undefined;
  const size = batchSize(window, waiting.length, maxBatch, gateRuns);
  if (size < PREPARED_FROM) return undefined;
  const requests = waiting.slice(0, size).map(({ id, revision }) => ({ mergeRequest: id, revision }));
  return { type: 'prepare-batch', rig: name, ...(target === undefined ? {} : { target }), requests };
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
    !merge.hasOpenSteps &&
    !isWatched(merge, rig) &&
    (rig.review === 'off' || merge.review?.state === 'approved')
  );
}
