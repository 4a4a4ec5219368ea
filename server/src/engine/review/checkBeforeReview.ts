import { actors, type EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { CheckRecorder } from '../mergeQueue/checks';
import { gateFeedback } from '../mergeQueue/feedback';
import type { Feedback } from '../mergeQueue/rejectWork';
import { testChain } from '../mergeQueue/testChain';
import type { TestPrefix } from '../mergeQueue/verdict';
import type { Check, MergeRequest } from '../state/work';
import { PERSON, reviewersOf } from './reviewers';

export interface CheckedChange {
  /** Gate results, shown with the review request. */
  checks: Check[];
  /** The change itself fails a gate and needs no review. Missing if the target fails the same gate. */
  why?: Feedback;
}

/** Whether the gates run before a review is requested. */
export function checksComeFirst(rig: RigPort, request: MergeRequest): boolean {
  return (
    reviewersOf(rig.review).reviewers.includes(PERSON) &&
    !request.landing &&
    rig.gates.length > 0 &&
    rig.mergeQueue.checksBeforeReview
  );
}

/** Runs the gates on the commit that would land now. The queue reuses the results if the target has not moved. */
export async function checkBeforeReview(
  rig: RigPort,
  { id, request, commit, base }: { id: string; request: MergeRequest; commit: string; base: string },
  context: EngineContext,
): Promise<CheckedChange> {
  const recorder = new CheckRecorder(context.clock);
  const activity = context.activity.begin(actors.refinery(request.rig));
  let needed = rig.gates;
  const test: TestPrefix = async (length, run = {}) => {
    const result = await rig.runGates(
      length === 0 ? base : commit,
      { ...run, mergeRequest: id, target: request.target, base },
      (gate, outcome) => {
        if (length > 0) recorder.onGate(gate, outcome);
        if (outcome !== 'started') return;
        activity.show(`${gate.name}: ${request.source}`);
        context.onActivity();
      },
    );
    if (result.passed && result.gates) needed = rig.gates.filter(({ name }) => result.gates?.includes(name));
    return result;
  };
  try {
    const verdict = await testChain(1, test, { mode: 'batch', retries: rig.mergeQueue.flakyRetries });
    const failure = verdict.culprit?.failure ?? verdict.targetFailure;
    const checks = recorder.results(failure ? rig.gates : needed, failure ?? { passed: true });
    return verdict.culprit ? { checks, why: gateFeedback(verdict.culprit.failure, undefined) } : { checks };
  } finally {
    activity.end();
    context.onActivity();
  }
}
