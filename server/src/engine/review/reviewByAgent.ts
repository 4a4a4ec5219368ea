import type { Action } from '../loop/action';
import { UserError } from '../../base/errors';
import { actors, requireRig, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import { isClosed, mergeOf, withMerge } from '../state/work';
import { recordUnanswered } from './recordReviewTimeout';

type AgentAction = Extract<Action, { type: 'review-by-agent' }>;

/** Starts a reviewer's session on the commit that would land. It answers with `gt mq approve` or `gt mq reject`. */
export async function reviewByAgent(action: AgentAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const agent = actors.refinery(action.rig);
  const bead = context.store.get(action.mergeRequest);
  const request = bead && mergeOf(bead);
  if (!bead || !request?.review || bead.updated_at !== action.revision || isClosed(bead.status))
    throw new StaleAction(`${action.mergeRequest} has changed`);
  const { patch, commit } = request.review;
  await rig.prepareReview(commit);
  // Recorded before the start: only verdicts about this patch are accepted.
  const revision = await context.store.batch({ actor: agent }, (tx) => {
    const current = assertRevision(tx, bead.id, action.revision);
    tx.update(current.id, { metadata: withMerge(current, { review: { ...request.review!, shown: patch } }) });
    tx.event({ type: 'review_started', bead: request.source, agent, rig: action.rig });
    return tx.get(current.id)!.updated_at;
  });
  try {
    await context.sessions.start({
      agent,
      bead: bead.id,
      runtime: context.reviewerRuntime(action.rig),
      attempt: request.review.unanswered + 1,
      resume: false,
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.code === 'consent') throw new StaleAction(error.message);
    await context.store.batch({ actor: agent }, (tx) =>
      recordUnanswered(
        tx,
        assertRevision(tx, bead.id, revision),
        `the reviewer cannot be started: ${error.message}`,
        context.clock.now(),
      ),
    );
  }
}
