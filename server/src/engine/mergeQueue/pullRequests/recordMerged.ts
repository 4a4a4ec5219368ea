import { UserError } from '../../../base/errors';
import type { PullRequestStatus } from '../../../rigs/forge/forge';
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
  await rig.pullRequests.removeBranch(pullRequest.branch).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error; // many providers have already removed it, or do not allow it
  });
}

/**
 * Records a change of which nothing is left to land as merged, if that was by its pull request: somebody has merged it before it
 * was pushed again or recorded.
 * @param base the tip of the target
 * @returns whether it is recorded
 */
export async function recordIfMerged(turn: Turn, merged: Merged, base: string): Promise<boolean> {
  const { rig, request } = merged;
  if (request.target !== undefined || !mayHavePullRequest(merged)) return false;
  const branch = pullRequestBranch(request);
  const found = await rig.pullRequests.findMerged(branch);
  if (!found) return false;
  const other = request.pullRequest;
  if (other && other.state !== 'closed' && other.number !== found.number)
    await rig.pullRequests.close(other.number, branch, `The same change was merged by #${found.number}.`);
  const record = { ...found, branch, head: request.commit, base, state: 'open' as const, seen: '', looks: 0 };
  await recordMerged(turn, merged, record, await rig.pullRequests.status(found.number));
  return true;
}

/** Also by an earlier request for the same bead: the rig may merge in another way by now. */
function mayHavePullRequest({ rig, request, context }: Merged): boolean {
  return (
    rig.mergeQueue.strategy === 'pr' ||
    requestsLike(request, context.store).some((bead) => mergeOf(bead)?.pullRequest !== undefined)
  );
}
