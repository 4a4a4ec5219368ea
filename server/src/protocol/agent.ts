import type { BeadStatus } from './bead';
import { request, type NoParams } from './request';
import { GATES_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

/** Requests that agents make about their own work. */

export interface PrimeResult {
  /** Markdown: who the agent is, the bead on its hook, how to end. */
  text: string;
  bead?: string;
}
export namespace Prime {
  export const spec = request<NoParams, PrimeResult>('gastown/agent/prime', 'read');
}

export interface HookResult {
  agent: string;
  bead?: { id: string; title: string; status: BeadStatus; description: string };
  branch?: string;
  attempt?: number;
  /** Commit that the branch has to be rebased onto: the last attempt conflicted with it. */
  rebaseOnto?: string;
  /** Why the last attempt was rejected or failed, in one line. */
  problem?: string;
  /** The agent has ended this session without submitting. */
  paused?: DoneStatus;
}
export namespace Hook {
  export const spec = request<{ agent?: string }, HookResult>('gastown/agent/hook', 'read');
}

/** The blocks that the `script` runtime runs, frozen when the bead was slung. */
export interface FrozenScript {
  bead: string;
  title: string;
  attempt: number;
  blocks: string[];
  /**
   * How many of the blocks belong to which step of its molecule, in the same order; undefined if the blocks are the
   * bead's own.
   */
  steps?: { step: string; blocks: number }[];
  /** False for a request to the Mayor: there is no worktree, nothing is committed, and the blocks send the answer. */
  submits?: boolean;
  /** The commit to rebase onto; reaches the blocks as `$GT_REBASE_ONTO`. */
  rebaseOnto?: string;
  /** Id of the bead's molecule. */
  molecule?: string;
  /** Variables of the molecule; they reach the blocks as `$GT_VAR_<name>`. */
  variables?: Record<string, string>;
}
export namespace ScriptGet {
  export const spec = request<NoParams, FrozenScript>('gastown/agent/script', 'read');
}

/**
 * How an agent's session ends. `completed`: its commits are submitted. `no-change`: nothing has to change, the message
 * says why. `escalated`: a person has to help. `deferred`: some work is left for another session.
 */
export const doneStatuses = ['completed', 'no-change', 'escalated', 'deferred'] as const;
export type DoneStatus = (typeof doneStatuses)[number];

export interface DoneResult {
  bead: string;
  status: DoneStatus;
  /** The merge request, if something was submitted: a change, or a reviewed statement that there is none. */
  mergeRequest?: string;
}
export interface VerifyResult {
  bead: string;
  /** The commit that was tested. */
  commit: string;
  /** Gates, in the order in which they run. */
  gates: string[];
  /** The gate that failed, its problem and the last part of its output; missing if all have passed. */
  failed?: { gate: string; problem: string; output: string };
}
export namespace Verify {
  /** Runs the gates of the rig on the caller's commits. The server runs them, in a checkout of its own. */
  export const spec = request<NoParams, VerifyResult>('gastown/agent/verify', 'write', { timeLimitMs: GATES_LIMIT_MS });
}

export namespace Done {
  /** Ends the caller's work. Refused with uncommitted changes, foreign commits or open steps. */
  export const spec = request<
    { message?: string; status?: DoneStatus },
    DoneResult,
    { message?: string; status: DoneStatus }
  >('gastown/agent/done', 'write', { timeLimitMs: LONG_LIMIT_MS });
}
