import type { Feedback } from './rejectWork';
import type { GateFailure } from './testChain';

/** What the author of a change is told of the gate that it fails. @param before a commit below it that passes */
export function gateFeedback(failure: GateFailure, before: string | undefined): Feedback {
  const { gate, problem, output } = failure;
  const place = before ? ` on top of ${before.slice(0, 12)}, which passes it` : '';
  return {
    problem: `${gate}: ${problem}`,
    feedback: `The gate "${gate}" ${problem}${place}. Its last output:\n\n${output}`,
    rebaseOnto: before,
  };
}
