import type { GateFailure } from './verdict';

/** Why a change goes back to its author. */
export interface Feedback {
  /** Summary in one line, for display. */
  problem: string;
  /** Text for the next attempt. */
  feedback: string;
  rebaseOnto?: string;
  /** Files that conflict in the rebase. */
  conflicts?: readonly string[];
}

/** Feedback about a gate that a change fails. @param before a commit below the change that passes the gate */
export function gateFeedback(failure: GateFailure, before: string | undefined): Feedback {
  const { gate, problem, output } = failure;
  const place = before ? ` on top of ${before.slice(0, 12)}, which passes it` : '';
  return {
    problem: `${gate}: ${problem}`,
    feedback: `The gate "${gate}" ${problem}${place}. Its last output:\n\n${output}`,
    rebaseOnto: before,
  };
}
