import type { Action } from '../loop/action';
import { UserError } from '../../base/errors';
import { actors, requireRig, StaleAction, type EngineContext } from '../loop/context';
import { isClosed, mergeOf } from '../state/work';
import { assertUnanswered, recordShown, recordUnanswered } from './recordReviewTimeout';

type AgentAction = Extract<Action, { type: 'review-by-agent' }>;

/** Starts a reviewer's session on the commit that would land. It answers with `gt mq approve` or `gt mq reject`. */
export async function reviewByAgent(action: AgentAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const { reviewer } = action;
  const agent = actors.reviewer(action.rig, reviewer);
  const bead = context.store.get(action.mergeRequest);
  const request = bead && mergeOf(bead);
  if (!bead || !request?.review || bead.updated_at !== action.revision || isClosed(bead.status))
    throw new StaleAction(`${action.mergeRequest} has changed`);
  const { patch, commit } = request.review;
  await rig.prepareReview(reviewer, commit);
  await context.store.batch({ actor: agent }, (tx) => {
    recordShown(tx, assertUnanswered(tx, bead.id, reviewer, patch), reviewer, patch);
    tx.event({ type: 'review_started', bead: request.source, agent, rig: action.rig });
  });
  try {
    await context.sessions.start({
      agent,
      bead: bead.id,
      runtime: context.reviewerRuntime(action.rig, reviewer),
      attempt: (request.review.reviewers[reviewer]?.unanswered ?? 0) + 1,
      resume: false,
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.code === 'consent') throw new StaleAction(error.message);
    await context.store.batch({ actor: agent }, (tx) =>
      recordUnanswered(
        tx,
        assertUnanswered(tx, bead.id, reviewer, patch),
        reviewer,
        `the reviewer cannot be started: ${error.message}`,
        context.clock.now(),
      ),
    );
  }
}
