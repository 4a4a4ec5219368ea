import type { BeadStatus } from './bead';
import { request, type NoParams } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/** Requests of agents. */

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
  /** False for a request to the Mayor: there is no worktree, nothing is committed, and the blocks answer themselves. */
  submits?: boolean;
  /** Reaches the blocks as `$GT_REBASE_ONTO`. */
  rebaseOnto?: string;
  /** Of its molecule; they reach the blocks as `$GT_VAR_<name>`. */
  variables?: Record<string, string>;
}
export namespace ScriptGet {
  export const spec = request<NoParams, FrozenScript>('gastown/agent/script', 'read');
}

export namespace Done {
  /** Ends the caller's work: its branch goes to the merge queue. Refused with uncommitted changes or foreign commits. */
  export const spec = request<{ message?: string }, { mergeRequest: string; bead: string }>(
    'gastown/agent/done',
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
