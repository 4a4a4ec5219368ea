import { AbortedError } from '../../../base/abort';
import { messageOf } from '../../../base/errors';
import type { Action } from '../../loop/action';
import { actors, requireRig, StaleAction, type EngineContext } from '../../loop/context';
import { backoffMs } from '../../loop/failure';
import { escalate } from '../../escalation/escalation';
import { isClosed, mergeOf, withMerge, workOf, type MergeRequest } from '../../state/work';
import { requestsLike } from './openPullRequest';

/** Maximum number of tries; then a person is notified and has to close it. */
const MAX_TRIES = 5;

/** Closes the pull request of a bead that was closed, has failed, or has landed in another way. */
export async function closePullRequest(
  action: Extract<Action, { type: 'close-pull-request' }>,
  context: EngineContext,
): Promise<void> {
  const rig = requireRig(context, action.rig);
  const bead = context.store.get(action.mergeRequest);
  const request = bead && mergeOf(bead);
  if (!bead || !request?.pullRequest || bead.updated_at !== action.revision || !isClosed(bead.status))
    throw new StaleAction(`${action.mergeRequest} has changed`);
  const { pullRequest, source } = request;
  let problem: string | undefined;
  try {
    const branch = isShared(context, bead.id, request) ? undefined : pullRequest.branch;
    await rig.pullRequests.close(pullRequest.number, branch, reasonOf(context, source));
  } catch (error) {
    if (error instanceof AbortedError) throw error;
    problem = messageOf(error);
  }
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const current = tx.get(action.mergeRequest);
    const before = current && mergeOf(current)?.pullRequest;
    if (!current || !before) return;
    const looks = problem === undefined ? 0 : before.looks + 1;
    const isOver = problem === undefined || looks >= MAX_TRIES;
    const notBefore = isOver ? undefined : new Date(context.clock.now().getTime() + backoffMs(looks)).toISOString();
    const state = isOver ? ('closed' as const) : before.state;
    tx.update(current.id, { metadata: withMerge(current, { pullRequest: { ...before, state, looks }, notBefore }) });
    if (problem === undefined)
      tx.event({ type: 'pull_request_closed', bead: source, rig: action.rig, message: before.url });
    else if (isOver)
      escalate(tx, {
        key: `pull-request-${current.id}`,
        bead: source,
        rig: action.rig,
        title: `${source}: its pull request #${before.number} could not be closed`,
        detail: `${problem}\n\nThe work on ${source} has ended. Close ${before.url} yourself.`,
      });
  });
}

/** Whether a later request for the same bead has a pull request of this branch. */
function isShared({ store }: EngineContext, id: string, request: MergeRequest): boolean {
  return requestsLike(request, store).some((other) => {
    const pullRequest = other.id === id ? undefined : mergeOf(other)?.pullRequest;
    return (
      pullRequest !== undefined && pullRequest.state !== 'closed' && pullRequest.branch === request.pullRequest?.branch
    );
  });
}

function reasonOf({ store }: EngineContext, source: string): string {
  const bead = store.get(source);
  const work = bead && workOf(bead);
  if (work?.merged !== undefined) return `The work on ${source} landed as ${work.merged} in another way.`;
  return bead?.status === 'failed' ? `The work on ${source} was given up.` : `${source} was closed.`;
}
