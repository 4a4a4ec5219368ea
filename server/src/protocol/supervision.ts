import { request, type WithDefaults } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/** Requests of people and agents about running agents. */

export namespace AgentPeek {
  /**
   * The last lines of an agent's screen; `ended`: those of its last session, because it has none. A read-only request that nevertheless needs a permission: a screen may be
   * private.
   */
  export const spec = request<
    { agent: string; lines?: number },
    { agent: string; text: string; ended: boolean },
    { agent: string; lines: number }
  >('gastown/agent/peek', 'write', { transient: true });
}

export namespace AgentNudge {
  export interface Params {
    agent: string;
    message: string;
    /** Types at once, independent of the screen; for users only. */
    force?: boolean;
  }
  export interface Result {
    agent: string;
    /**
     * `mailed`: the agent was working, or a user had started to type in its terminal, so it gets the message as mail.
     */
    delivery: 'typed' | 'mailed';
  }
  /**
   * Types a line to an agent, with the name of the sender. Refused if its runtime reads no keys or its program asks a
   * question.
   */
  export const spec = request<Params, Result, WithDefaults<Params, 'force'>>('gastown/agent/nudge', 'write');
}

export namespace Handoff {
  export interface Params {
    subject?: string;
    message?: string;
  }
  /** Ends the calling agent's session; a new one continues its work with this message. */
  export const spec = request<Params, { bead: string }, WithDefaults<Params, 'message'>>(
    'gastown/agent/handoff',
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace SessionRestart {
  /** Ends an agent's session; a new one continues where it stopped. */
  export const spec = request<{ agent: string }, { agent: string }>('gastown/session/restart', 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace SessionStart {
  /** Resumes an agent that was stopped. */
  export const spec = request<{ agent: string }, { agent: string; bead: string }>('gastown/session/start', 'person');
}

export namespace PolecatNuke {
  export interface Params {
    agent: string;
    /** End the polecat even while its work waits to be merged. */
    force?: boolean;
  }
  /** Ends a polecat, keeps a snapshot of its work and removes its worktree. Its bead waits until it is slung again. */
  export const spec = request<
    Params,
    { agent: string; bead?: string; snapshot?: string },
    WithDefaults<Params, 'force'>
  >('gastown/polecat/nuke', 'person', { timeLimitMs: LONG_LIMIT_MS });
}

export interface SnapshotInfo {
  /** The name of the snapshot, a parameter of `PolecatRestore`. */
  label: string;
  bead: string;
  commit: string;
  /** ISO time of the snapshot's commit. */
  at: string;
}
export namespace SnapshotList {
  export const spec = request<{ rig?: string; bead?: string }, SnapshotInfo[]>('gastown/polecat/snapshots', 'read');
}

export namespace PolecatRestore {
  /**
   * Puts a snapshot (by default the newest of the bead) on a polecat's hook again, where it stays until the agent is
   * started.
   */
  export const spec = request<{ bead: string; snapshot?: string }, { agent: string; bead: string; worktree: string }>(
    'gastown/polecat/restore',
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
