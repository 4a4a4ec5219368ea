/** Why a change goes back to its author. */
export interface Feedback {
  /** One line for people. */
  problem: string;
  /** What the next attempt is told. */
  feedback: string;
  rebaseOnto?: string;
  /** Files that conflict with what it is rebased onto. */
  conflicts?: readonly string[];
}
