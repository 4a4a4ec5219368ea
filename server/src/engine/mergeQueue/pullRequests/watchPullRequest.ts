import { AbortedError } from '../../../base/abort';
import { cutBytes, firstLine } from '../../../base/text';
import type { PullRequestStatus } from '../../../rigs/forge/forge';
import type { Action } from '../../loop/action';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../../loop/context';
import type { RigPort } from '../../loop/ports';
import { failuresOf, isClosed, withMerge, type MergeRequest, type PullRequestRecord } from '../../state/work';
import { cancelMerge, closedFirst, deferMerge, giveUpMerge, OUTDATED } from '../deferMerge';
import { rejectWork, type Feedback } from '../rejectWork';
import { openRequest } from '../openRequest';
import { nextLook } from './lookTimes';
import { recordMerged } from './recordMerged';

type WatchAction = Extract<Action, { type: 'watch-pull-request' }>;

interface Watched {
  action: WatchAction;
  rig: RigPort;
  request: MergeRequest;
  pullRequest: PullRequestRecord;
  context: EngineContext;
}

const MAX_FEEDBACK_BYTES = 8_000;

/**
 * Polls a pull request once: a merge is recorded, failed checks and requested changes go back to the author, and an
 * approved one is merged if it is based on the tip of the target, on which its gates have passed.
 */
export async function watchPullRequest(action: WatchAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const request = openRequest(context, action);
  if (!request.pullRequest) throw new StaleAction(`${action.mergeRequest} has no pull request`);
  const watched = { action, rig, request, pullRequest: request.pullRequest, context };
  try {
    const status = await rig.pullRequests.status(watched.pullRequest.number);
    if (status.state === 'merged') return await recordMerged(action, watched, watched.pullRequest, status);
    if (isClosed(context.store.get(request.source)?.status ?? 'closed'))
      return await cancelMerge(action, closedFirst(request.source), context);
    const other = doneByOthers(watched.pullRequest, status);
    if (other) return await giveUp(watched, other);
    if (await isOutdated(rig, request)) return await cancelMerge(action, OUTDATED, context);
    const why = feedbackOf(watched.pullRequest, status);
    if (why) return await giveBack(watched, why);
    await goOn(watched, status);
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await deferMerge(action, error, context);
  }
}

/** Whether the feature branch of a landing has moved: the next landing is pushed to the same pull request. */
async function isOutdated(rig: RigPort, { landing, outdated, branch, commit }: MergeRequest): Promise<boolean> {
  return landing === true && (outdated === true || (await rig.featureTip(branch)) !== commit);
}

/** A change at the provider that must not be undone. */
function doneByOthers({ number, branch, url, head }: PullRequestRecord, status: PullRequestStatus): string | undefined {
  if (status.state === 'closed')
    return `its pull request #${number} was closed without being merged (${url}). Close the bead, or retry it for a new pull request.`;
  return status.head === head
    ? undefined
    : `there are commits by others on the branch ${branch} of its pull request #${number} (${url}). Move those commits elsewhere, then retry the bead: the branch is replaced.`;
}

/** Holds the request for a person. A retry pushes again, to this pull request if it is open, else to a new one. */
async function giveUp({ action, context, pullRequest }: Watched, problem: string): Promise<void> {
  await giveUpMerge(action, problem, context, { pullRequest: { ...pullRequest, state: 'stale' } });
}

/** Feedback for the author; undefined if there is none yet. */
function feedbackOf(
  { number, url }: PullRequestRecord,
  { checks, requestedChanges }: PullRequestStatus,
): Feedback | undefined {
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  if (failed.length === 0 && requestedChanges.length === 0) return undefined;
  const said = requestedChanges.map(({ by, text }) => `${by} requests changes:\n${text}`);
  const found = failed.map(({ name, url: log }) => `The check "${name}" failed${log === undefined ? '' : `: ${log}`}`);
  const [first] = requestedChanges;
  const problem = first
    ? `${first.by} requests changes on pull request #${number}: ${firstLine(first.text)}`
    : `${failed.map(({ name }) => name).join(', ')} failed on pull request #${number}`;
  return {
    problem,
    feedback: cutBytes([`Pull request #${number} (${url}):`, ...said, ...found].join('\n\n'), MAX_FEEDBACK_BYTES),
  };
}

async function giveBack({ action, context, request }: Watched, why: Feedback): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    rejectWork(tx, bead.id, request, why, {
      now: context.clock.now(),
      retry: (work) => failuresOf(work) < action.maxAttempts,
    });
  });
}

async function goOn(watched: Watched, status: PullRequestStatus): Promise<void> {
  const { action, rig, pullRequest, context } = watched;
  const { merging: method } = rig.pullRequests;
  // Other methods would lose the commits of the beads, or the merge that resolves conflicts with the target.
  const merging = watched.request.landing && method() !== 'off' ? 'merge' : method();
  const isPending = status.checks.some(({ outcome }) => outcome === 'pending');
  const isReady = status.merging === 'possible' && !isPending;
  const isApproved = rig.review === 'off' || watched.request.review?.state === 'approved';
  // A pull request under review is not changed; it is rebased onto the target only when everything else is done.
  if (!isApproved || ((isReady || status.merging === 'behind') && (await tipOf(rig)) !== pullRequest.base))
    return change(action, context, { pullRequest: { ...pullRequest, state: 'stale' }, notBefore: undefined });
  if (isReady && merging !== 'off') await rig.pullRequests.merge(pullRequest.number, pullRequest.head, merging);
  const seen = JSON.stringify([status.merging, status.checks.map(({ name, outcome }) => [name, outcome])]);
  const looks = seen === pullRequest.seen ? pullRequest.looks + 1 : 1;
  const notBefore = new Date(context.clock.now().getTime() + nextLook(looks)).toISOString();
  await change(action, context, {
    pullRequest: { ...pullRequest, seen: cutBytes(seen, 2_000), looks },
    retries: 0,
    notBefore,
  });
}

/** Current tip of the target. */
async function tipOf(rig: RigPort): Promise<string> {
  const { commit, expected } = await rig.landingBase();
  return expected ?? commit;
}

async function change(action: WatchAction, context: EngineContext, merge: Partial<MergeRequest>): Promise<void> {
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, action.mergeRequest, action.revision);
    tx.update(bead.id, { metadata: withMerge(bead, merge) });
  });
}
