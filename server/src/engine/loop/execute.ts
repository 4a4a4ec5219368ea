import type { Action } from './action';
import { requireRig, type EngineContext } from './context';
import { hook } from '../dispatch/hook';
import { endFeature } from '../convoys/endFeature';
import { landConvoy } from '../convoys/landConvoy';
import { requestLanding } from '../convoys/requestLanding';
import { openGate } from '../molecules/openGate';
import { escalateAction } from '../escalation/notifyPerson';
import { closeSettled } from '../escalation/settled';
import { concludeReview } from '../review/conclude';
import { requestReview } from '../review/requestReview';
import { handleStall } from '../supervision/handleStall';
import { merge } from '../mergeQueue/merge';
import { confirmFailure } from '../mergeQueue/confirmCulprit';
import { prepareBatch } from '../mergeQueue/prepareBatch';
import { closePullRequest } from '../mergeQueue/pullRequests/closePullRequest';
import { releaseMerge, withdrawMerge } from '../mergeQueue/strandedMerges';
import { searchBatch } from '../mergeQueue/searchBatch';
import { watchPullRequest } from '../mergeQueue/pullRequests/watchPullRequest';
import { recordDeath } from '../supervision/recordDeath';
import { recordReviewTimeout } from '../review/recordReviewTimeout';
import { resubmit } from '../mergeQueue/resubmitLost';
import { reviewByAgent } from '../review/reviewByAgent';
import { reviewByScript } from '../review/reviewByScript';
import { recordMayor, startMayor } from '../mayor/startMayor';
import { startSession } from '../dispatch/startSession';

/** Executes one action. Throws `StaleAction` if the state has changed since it was requested. */
export async function execute(action: Action, context: EngineContext): Promise<void> {
  switch (action.type) {
    case 'hook':
      return hook(action, context);
    case 'start-session':
      return startSession(action, context);
    case 'record-death':
      return recordDeath(action, context);
    case 'resubmit':
      return resubmit(action, context);
    case 'handle-stall':
      return handleStall(action, context);
    case 'escalate':
      return escalateAction(action, context);
    case 'end-session':
      return context.sessions.end(action.session, 'ended');
    case 'forget-session':
      return context.sessions.forget(action.session);
    case 'merge':
      return merge(action, context);
    case 'prepare-batch':
      return prepareBatch(action, context);
    case 'find-culprit':
      return searchBatch(action, context);
    case 'release-merge':
      return releaseMerge(action, context);
    case 'withdraw-merge':
      return withdrawMerge(action, context);
    case 'confirm-failure':
      return confirmFailure(action, context);
    case 'watch-pull-request':
      return watchPullRequest(action, context);
    case 'close-pull-request':
      return closePullRequest(action, context);
    case 'request-review':
      return requestReview(action, context);
    case 'review-by-script':
      return reviewByScript(action, context);
    case 'review-by-agent':
      return reviewByAgent(action, context);
    case 'conclude-review':
      return concludeReview(action, context);
    case 'record-review-timeout':
      return recordReviewTimeout(action, context);
    case 'start-mayor':
      return startMayor(action, context);
    case 'record-mayor':
      return recordMayor(action, context);
    case 'remove-worktree':
      return void (await requireRig(context, action.rig).retireWorktree(action.name, action.bead));
    case 'land-convoy':
      return landConvoy(action, context);
    case 'request-landing':
      return requestLanding(action, context);
    case 'end-feature':
      return endFeature(action, context);
    case 'open-gate':
      return openGate(action, context);
    case 'close-escalation':
      return closeSettled(action, context);
  }
}
