import { actors, type EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { CheckRecorder } from '../mergeQueue/checks';
import { gateFeedback } from '../mergeQueue/feedback';
import type { Feedback } from '../mergeQueue/rejectWork';
import { testChain } from '../mergeQueue/testChain';
import type { TestPrefix } from '../mergeQueue/verdict';
import type { Check, MergeRequest } from '../state/work';

export interface CheckedChange {
  /** How the gates ended, to be shown with the question. */
  checks: Check[];
  /** The change fails a gate by itself: nobody needs to look at it. Missing where the target fails that gate, too. */
  why?: Feedback;
}

/** Whether the gates run before somebody is asked to look at a change. */
export function checksComeFirst(rig: RigPort, request: MergeRequest): boolean {
  return rig.review === 'person' && !request.landing && rig.gates.length > 0 && rig.mergeQueue.checksBeforeReview;
}

/**
 * Runs the gates on the commit that would land now. Results are kept: it is not tested again in the queue where the target
 * has not moved by then.
 */
export async function checkBeforeReview(
  rig: RigPort,
  { id, request, commit, base }: { id: string; request: MergeRequest; commit: string; base: string },
  context: EngineContext,
): Promise<CheckedChange> {
  const recorder = new CheckRecorder(context.clock);
  const actor = actors.refinery(request.rig);
  const test: TestPrefix = (length, run = {}) =>
    rig.runGates(
      length === 0 ? base : commit,
      { ...run, mergeRequest: id, target: request.target },
      (gate, outcome) => {
        if (length > 0) recorder.onGate(gate, outcome);
        if (outcome !== 'started') return;
        context.activity.set(actor, `${gate.name}: ${request.source}`);
        context.onActivity();
      },
    );
  try {
    const verdict = await testChain(1, test, { mode: 'batch', retries: rig.mergeQueue.flakyRetries });
    const failure = verdict.culprit?.failure ?? verdict.targetFailure;
    const checks = recorder.results(rig.gates, failure ?? { passed: true });
    return verdict.culprit ? { checks, why: gateFeedback(verdict.culprit.failure, undefined) } : { checks };
  } finally {
    context.activity.delete(actor);
    context.onActivity();
  }
}
