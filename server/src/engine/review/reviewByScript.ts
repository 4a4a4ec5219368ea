import type { Action } from '../loop/action';
import { cutBytes } from '../../base/text';
import { messageOf, UserError } from '../../base/errors';
import { actors, requireRig, StaleAction, type EngineContext } from '../loop/context';
import { giveVerdict } from './review';
import { isClosed, mergeOf } from '../state/work';
import { assertUnanswered, recordUnanswered } from './recordReviewTimeout';
import { SCRIPT } from './reviewers';

type ScriptAction = Extract<Action, { type: 'review-by-script' }>;

/**
 * The rig's command reviews the change. Exit code 0 approves, 1 rejects with its output; any other code is not a
 * verdict.
 */
export async function reviewByScript(action: ScriptAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const bead = context.store.get(action.mergeRequest);
  const request = bead && mergeOf(bead);
  if (!bead || !request?.review || bead.updated_at !== action.revision || isClosed(bead.status))
    throw new StaleAction(`${action.mergeRequest} has changed`);
  const source = context.store.get(request.source);
  const { patch, commit, base } = request.review;
  const refinery = actors.refinery(action.rig);
  const activity = context.activity.begin(refinery);
  activity.show(`reviewing ${request.source}`);
  context.onActivity();
  try {
    const answer = await rig.runReview({ mergeRequest: bead.id, bead: source, commit, base }).catch(noAnswer);
    const silence =
      answer.code === 0 || answer.code === 1
        ? undefined
        : `could not review: ${answer.output || `exit code ${answer.code}`}`;
    if (silence !== undefined) {
      await context.store.batch({ actor: refinery }, (tx) =>
        recordUnanswered(
          tx,
          assertUnanswered(tx, bead.id, SCRIPT, patch),
          SCRIPT,
          `the reviewer ${silence}`,
          context.clock.now(),
        ),
      );
      return;
    }
    const message =
      cutBytes(answer.output.trim(), 8_000) ||
      (answer.code === 0
        ? 'The review command approved it without comment.'
        : 'The review command rejected it without output.');
    await giveVerdict(context, { actor: refinery, kind: 'engine' }, bead.id, {
      verdict: answer.code === 0 ? 'approved' : 'rejected',
      message,
      patch,
    })
      // Another verdict came first, or the change has a new version by now.
      .catch((error: unknown) => {
        throw error instanceof UserError ? new StaleAction(error.message) : error;
      });
  } finally {
    activity.end();
    context.onActivity();
  }
}

function noAnswer(error: unknown): { code: null; output: string } {
  // The command waits for a person's consent: that is not a failed review.
  if (error instanceof UserError && error.code === 'consent') throw new StaleAction(error.message);
  return { code: null, output: messageOf(error) };
}
