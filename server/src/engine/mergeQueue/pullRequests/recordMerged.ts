import { UserError } from '../../../base/errors';
import type { PullRequest, PullRequestStatus } from '../../../rigs/forge/forge';
import { actors, assertRevision, StaleAction, type EngineContext } from '../../loop/context';
import type { RigPort } from '../../loop/ports';
import { isClosed, mergeOf, withMerge, type MergeRequest, type PullRequestRecord } from '../../state/work';
import { finishMerge } from '../finishMerge';
import { pullRequestBranch, releaseFromEarlier, requestsLike } from './openPullRequest';

interface Turn {
  mergeRequest: string;
  rig: string;
  /** The request that was read: nothing is recorded if it has changed since. */
  revision?: string;
}

interface Merged {
  rig: RigPort;
  request: MergeRequest;
  context: EngineContext;
}

/** Records what was merged at the provider, and removes its branch there. */
export async function recordMerged(
  turn: Turn,
  { rig, request, context }: Merged,
  pullRequest: PullRequestRecord,
  { mergeCommit: commit }: PullRequestStatus,
): Promise<void> {
  if (commit === undefined || !(await rig.hasLanded(commit)))
    throw new UserError(
      `pull request #${pullRequest.number} is merged, and its commit is not on the target yet`,
      undefined,
      'unavailable',
    );
  // Before its beads are closed: if the server ends in between, the queue finds the commit on the target.
  const earlier = requestsLike(request, context.store);
  await context.store.batch({ actor: actors.refinery(turn.rig) }, (tx) => {
    const bead = tx.get(turn.mergeRequest);
    if (!bead || isClosed(bead.status)) throw new StaleAction(`${turn.mergeRequest} is closed`);
    if (turn.revision !== undefined) assertRevision(tx, bead.id, turn.revision);
    releaseFromEarlier(tx, earlier, bead.id, pullRequest.number);
    tx.update(bead.id, {
      metadata: withMerge(bead, { pullRequest: { ...pullRequest, state: 'closed' }, candidate: commit }),
    });
  });
  await finishMerge({ mergeRequest: turn.mergeRequest, rig: turn.rig }, request, { commit }, context);
  await rig.pullRequests.removeBranch(pullRequest.branch).catch(tolerateRefusal);
}

/**
 * If nothing is left to land because somebody has merged the pull request of a change, records the change as merged.
 * @param base the tip of the target
 * @returns whether it is recorded
 */
export async function recordIfMerged(turn: Turn, merged: Merged, base: string): Promise<boolean> {
  const { rig, request } = merged;
  if (request.target !== undefined || !mayHavePullRequest(merged)) return false;
  const branch = pullRequestBranch(request);
  const found = await findMerged(rig, branch);
  if (!found) return false;
  const { pullRequest, status } = found;
  const other = request.pullRequest;
  if (other && other.state !== 'closed' && other.number !== pullRequest.number)
    await rig.pullRequests.close(other.number, undefined, `The same change was merged by #${pullRequest.number}.`);
  const record = { ...pullRequest, branch, head: request.commit, base, state: 'open' as const, seen: '', looks: 0 };
  await recordMerged(turn, merged, record, status);
  return true;
}

/** Records a change as merged if that is what has become of its own pull request. @returns whether it is recorded */
export async function recordIfOwnMerged(turn: Turn, merged: Merged): Promise<boolean> {
  const { rig, request } = merged;
  const { pullRequest } = request;
  if (!pullRequest || pullRequest.state === 'closed') return false;
  const status = await asked(rig, () => rig.pullRequests.status(pullRequest.number));
  if (status?.state !== 'merged') return false;
  await recordMerged(turn, merged, pullRequest, status);
  return true;
}

/** A merged pull request of a branch, if its commit is on the target. */
async function findMerged(
  rig: RigPort,
  branch: string,
): Promise<{ pullRequest: PullRequest; status: PullRequestStatus } | undefined> {
  const pullRequest = await asked(rig, () => rig.pullRequests.findMerged(branch));
  const status = pullRequest && (await asked(rig, () => rig.pullRequests.status(pullRequest.number)));
  if (!status?.mergeCommit || !(await rig.hasLanded(status.mergeCommit))) return undefined;
  return { pullRequest: pullRequest!, status };
}

/** An answer of the provider. In a rig that merges in another way, `gh` that is missing or logged out gives none. */
async function asked<T>(rig: RigPort, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const needsPerson = error instanceof UserError && error.code === 'conflict';
    if (!needsPerson || rig.mergeQueue.strategy === 'pr') throw error;
    return undefined;
  }
}

/** Many providers have already removed the branch, or do not allow it. */
function tolerateRefusal(error: unknown): void {
  if (!(error instanceof UserError)) throw error;
}

/** Also by an earlier request for the same bead: the rig may merge in another way by now. */
function mayHavePullRequest({ rig, request, context }: Merged): boolean {
  return (
    rig.mergeQueue.strategy === 'pr' ||
    requestsLike(request, context.store).some((bead) => mergeOf(bead)?.pullRequest !== undefined)
  );
}
