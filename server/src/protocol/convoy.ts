import { ConvoyStage, type PlanFinding, type Started } from './convoyPlan';
import { request, type NoParams, type WithDefaults } from './request';
import type { BeadInfo, ConvoyInfo } from './snapshot';
import { LONG_LIMIT_MS } from './timeLimit';

/** Requests about convoys, and slinging, which creates them. */

export namespace ConvoyCreate {
  export interface Params {
    title: string;
    beads?: string[];
    /**
     * Check the convoy as a plan that a person launches later. Without `stage` and `launch` it only tracks its beads.
     */
    stage?: boolean;
    /** Start the beads at once. Not together with `stage`. */
    launch?: boolean;
    /** It does not land automatically: its creator lands it. */
    owned?: boolean;
    /**
     * Collect its beads on a branch of its own, which lands as a whole; if it is missing, the settings of the rigs or
     * the town decide.
     */
    featureBranch?: boolean;
    /** Who is notified when the convoy lands: addresses of agents, names of people. */
    notify?: string[];
  }
  export const spec = request<
    Params,
    ConvoyInfo & Started,
    WithDefaults<Params, 'beads' | 'stage' | 'launch' | 'owned' | 'notify'>
  >('gastown/convoy/create', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace ConvoyAdd {
  /** Reopens a closed convoy. */
  export const spec = request<{ id: string; beads: string[] }, ConvoyInfo>('gastown/convoy/add', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace ConvoyRemove {
  /** Removes beads from a convoy; the work on them is left as it is. */
  export const spec = request<{ id: string; beads: string[] }, ConvoyInfo>('gastown/convoy/remove', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace ConvoyRename {
  export const spec = request<{ id: string; title: string }, ConvoyInfo>('gastown/convoy/rename', 'write');
}

/** `staged` stands for both staged statuses. */
export const convoyListStatuses = ['open', 'closed', 'staged', 'staged_ready', 'staged_warnings'] as const;
export type ConvoyListStatus = (typeof convoyListStatuses)[number];

export namespace ConvoyList {
  /** `all`: also closed convoys. `status`: only convoys with it, regardless of `all`. */
  export const spec = request<
    { all?: boolean; status?: ConvoyListStatus },
    ConvoyInfo[],
    { all: boolean; status?: ConvoyListStatus }
  >('gastown/convoy/list', 'read');
}

export interface ConvoyStatus extends ConvoyInfo, Started {
  tracked: BeadInfo[];
  /** Ids by wave: a wave needs only the waves before it. */
  waves: string[][];
  /** What keeps the convoy from being launched, or its beads from starting. */
  errors: PlanFinding[];
  /** While the convoy is open: what keeps it from landing automatically. */
  warnings: PlanFinding[];
  /** Who is notified when the convoy lands. */
  notify: string[];
  /** Agents among these that also get a line in their terminal; missing if there are none. */
  nudge?: string[];
  /** Since when it is paused, and by whom. */
  pause?: { by: string; at: string; reason?: string };
}
export namespace ConvoyGet {
  export const spec = request<{ id: string }, ConvoyStatus>('gastown/convoy/get', 'read');
}

export namespace ConvoyLaunch {
  export const spec = request<{ id: string; force?: boolean }, ConvoyInfo & Started, { id: string; force: boolean }>(
    'gastown/convoy/launch',
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace ConvoyPause {
  /** Pauses a convoy: none of its beads is started until it is resumed; beads in progress continue. */
  export const spec = request<{ id: string; reason?: string }, ConvoyInfo>('gastown/convoy/pause', 'write');
}

export namespace ConvoyResume {
  export const spec = request<{ id: string }, ConvoyInfo>('gastown/convoy/resume', 'write');
}

/** A convoy that ends, with its beads that are open. */
export interface ConvoyEnd extends ConvoyInfo {
  /** In progress or in the merge queue: these continue. */
  running: string[];
  /** The others. */
  waiting: string[];
}

export namespace ConvoyClose {
  /** Closes a convoy before its work is done, and leaves the work as it is. */
  export const spec = request<{ id: string; reason?: string }, ConvoyEnd, { id: string; reason: string }>(
    'gastown/convoy/close',
    'write',
  );
}

export namespace ConvoyLand {
  export interface Params {
    id: string;
    /** Close it although beads are open. */
    force?: boolean;
    /** Change nothing. */
    dryRun?: boolean;
  }
  /** Lands a convoy with `owned`. */
  export const spec = request<Params, ConvoyEnd, WithDefaults<Params, 'force' | 'dryRun'>>(
    'gastown/convoy/land',
    'write',
  );
}

export namespace ConvoyCheck {
  /** Lands convoys whose beads are all closed: this one, or all. Answers with those that landed, or would. */
  export const spec = request<{ id?: string; dryRun?: boolean }, ConvoyInfo[], { id?: string; dryRun: boolean }>(
    'gastown/convoy/check',
    'write',
  );
}

export namespace ConvoyWatch {
  /** Subscribes an address, by default the caller, to the landing of a convoy. */
  export interface Params {
    id: string;
    address?: string;
    /** Also types a line into the terminal of the agent when the convoy lands. */
    nudge?: boolean;
  }
  export const spec = request<Params, ConvoyInfo>('gastown/convoy/watch', 'write');
}

export namespace ConvoyUnwatch {
  export const spec = request<{ id: string; address?: string }, ConvoyInfo>('gastown/convoy/unwatch', 'write');
}

export interface StrandedConvoy {
  id: string;
  title: string;
  /** `ready`: none of its beads has been started. `stuck`: they cannot continue. `empty`: it tracks no beads. */
  kind: 'ready' | 'stuck' | 'empty';
  /** Why the convoy makes no progress: one line for each bead that holds it up. */
  reasons: string[];
}
export namespace ConvoyStranded {
  export const spec = request<NoParams, StrandedConvoy[]>('gastown/convoy/stranded', 'read');
}

export interface SlingResult extends Started {
  bead: string;
  rig: string;
  convoy: string;
  /** False if the bead was slung before: slinging twice changes nothing. */
  changed: boolean;
  /** The paused convoy that keeps the bead from starting. */
  pausedBy?: string;
}

export namespace Sling {
  export interface Params {
    beads: string[];
    rig: string;
    /** A polecat of the rig by name; otherwise the next free name of the pool. */
    agent?: string;
    runtime?: string;
    model?: string;
    /** Poured as a molecule that belongs to the bead: its steps are the way to do it. */
    formula?: string;
    vars?: Record<string, string>;
  }
  export const spec = request<Params, SlingResult[]>('gastown/sling', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export const convoyRequests = [
  ConvoyCreate.spec,
  ConvoyAdd.spec,
  ConvoyRemove.spec,
  ConvoyRename.spec,
  ConvoyList.spec,
  ConvoyGet.spec,
  ConvoyLaunch.spec,
  ConvoyStage.spec,
  ConvoyPause.spec,
  ConvoyResume.spec,
  ConvoyClose.spec,
  ConvoyLand.spec,
  ConvoyCheck.spec,
  ConvoyWatch.spec,
  ConvoyUnwatch.spec,
  ConvoyStranded.spec,
  Sling.spec,
] as const;
