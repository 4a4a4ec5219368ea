import { z } from 'zod';
import { name } from './names';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/** What people and agents do about agents. */

export namespace AgentPeek {
  /** The visible lines of an agent's screen, the last ones. Changes nothing, but what stands there is not for everybody. */
  export const spec = request<{ agent: string; text: string }>()(
    'gastown/agent/peek',
    z.object({ agent: name, lines: z.number().int().min(1).max(1000).default(100) }),
    'write',
    { transient: true },
  );
}

export namespace AgentNudge {
  /** Types a line to an agent, with the name of who says it. Refused where its runtime reads no keys. */
  export const spec = request<{ agent: string }>()(
    'gastown/agent/nudge',
    z.object({ agent: name, message: z.string().min(1).max(4_000) }),
    'write',
  );
}

export namespace Handoff {
  /** The calling agent's session ends, and a fresh one goes on with its work and this message. */
  export const spec = request<{ bead: string }>()(
    'gastown/agent/handoff',
    z.object({ subject: z.string().max(300).optional(), message: z.string().max(16_000).default('') }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace SessionRestart {
  /** Ends an agent's session; a new one goes on where it stopped. */
  export const spec = request<{ agent: string }>()('gastown/session/restart', z.object({ agent: name }), 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace SessionStart {
  /** Lets an agent that was stopped go on. */
  export const spec = request<{ agent: string; bead: string }>()(
    'gastown/session/start',
    z.object({ agent: name }),
    'person',
  );
}

export namespace PolecatNuke {
  /**
   * Ends a polecat, keeps a snapshot of all that it has, and removes its worktree. Its bead waits for a new sling.
   * Refused while its work waits to be merged, unless `force`.
   */
  export const spec = request<{ agent: string; bead?: string; snapshot?: string }>()(
    'gastown/polecat/nuke',
    z.object({ agent: name, force: z.boolean().default(false) }),
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export interface SnapshotInfo {
  /** What `PolecatRestore` takes. */
  label: string;
  bead: string;
  commit: string;
  /** ISO time of its commit. */
  at: string;
}
export namespace SnapshotList {
  export const spec = request<SnapshotInfo[]>()(
    'gastown/polecat/snapshots',
    z.object({ rig: name.optional(), bead: name.optional() }),
    'read',
  );
}
export namespace PolecatRestore {
  /** Puts a snapshot (the newest of the bead where none is named) on a polecat's hook again, stopped until it is started. */
  export const spec = request<{ agent: string; bead: string; worktree: string }>()(
    'gastown/polecat/restore',
    z.object({ bead: name, snapshot: name.optional() }),
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export interface StrandedConvoy {
  id: string;
  title: string;
  /** Why nothing of it goes on, one line for each bead that holds it up. */
  reasons: string[];
}
export namespace ConvoyStranded {
  export const spec = request<StrandedConvoy[]>()('gastown/convoy/stranded', z.object({}), 'read');
}
