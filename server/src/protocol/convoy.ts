import { ConvoyStage, type PlanFinding } from './convoyPlan';
import { request, type NoParams, type WithDefaults } from './request';
import type { BeadInfo, ConvoyInfo } from './snapshot';
import { LONG_LIMIT_MS } from './timeLimit';

/** Convoys, and slinging, which creates them. */

export namespace ConvoyCreate {
  export interface Params {
    title: string;
    beads?: string[];
    /** Check it as a plan that a person launches later. Without `stage` and `launch` it only tracks its beads. */
    stage?: boolean;
    /** Start its beads at once. Not together with `stage`. */
    launch?: boolean;
    /** It does not land automatically: its creator lands it. */
    owned?: boolean;
    /**
     * Collect its beads on a branch of its own, which lands as a whole; as the rigs or the town say where it is
     * missing.
     */
    featureBranch?: boolean;
    /** Who is told when it lands: addresses of agents, names of people. */
    notify?: string[];
  }
  export const spec = request<
    Params,
    ConvoyInfo,
    WithDefaults<Params, 'beads' | 'stage' | 'launch' | 'owned' | 'notify'>
  >('gastown/convoy/create', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace ConvoyAdd {
  /** A convoy that has closed is opened again. */
  export const spec = request<{ id: string; beads: string[] }, ConvoyInfo>('gastown/convoy/add', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace ConvoyRemove {
  /** The work on the beads is left as it is. */
  export const spec = request<{ id: string; beads: string[] }, ConvoyInfo>('gastown/convoy/remove', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace ConvoyRename {
  export const spec = request<{ id: string; title: string }, ConvoyInfo>('gastown/convoy/rename', 'write');
}

/** `staged` is both of the staged ones. */
export const convoyListStatuses = ['open', 'closed', 'staged', 'staged_ready', 'staged_warnings'] as const;
export type ConvoyListStatus = (typeof convoyListStatuses)[number];

export namespace ConvoyList {
  /** `all`: also those that are closed. `status`: only those, whatever `all` says. */
  export const spec = request<
    { all?: boolean; status?: ConvoyListStatus },
    ConvoyInfo[],
    { all: boolean; status?: ConvoyListStatus }
  >('gastown/convoy/list', 'read');
}

export interface ConvoyStatus extends ConvoyInfo {
  tracked: BeadInfo[];
  /** Ids by wave: a wave needs only the waves before it. */
  waves: string[][];
  /** What keeps it from being launched, or its beads from starting. */
  errors: PlanFinding[];
  /** While it is open: what keeps it from landing by itself. */
  warnings: PlanFinding[];
  /** Who is told when it lands. */
  notify: string[];
  /** Since when it is paused, and by whom. */
  pause?: { by: string; at: string; reason?: string };
}
export namespace ConvoyGet {
  export const spec = request<{ id: string }, ConvoyStatus>('gastown/convoy/get', 'read');
}

export namespace ConvoyLaunch {
  export const spec = request<{ id: string; force?: boolean }, ConvoyInfo, { id: string; force: boolean }>(
    'gastown/convoy/launch',
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace ConvoyPause {
  /** None of its beads is started until it is resumed; those that are in work go on. */
  export const spec = request<{ id: string; reason?: string }, ConvoyInfo>('gastown/convoy/pause', 'write');
}

export namespace ConvoyResume {
  export const spec = request<{ id: string }, ConvoyInfo>('gastown/convoy/resume', 'write');
}

/** A convoy that ends, with its beads that are open. */
export interface ConvoyEnd extends ConvoyInfo {
  /** In work or in the merge queue: they go on. */
  running: string[];
  /** The others. */
  waiting: string[];
}

export namespace ConvoyClose {
  /** Ends it before its work is done, and leaves the work as it is. */
  export const spec = request<{ id: string; reason?: string }, ConvoyEnd, { id: string; reason: string }>(
    'gastown/convoy/close',
    'write',
  );
}

export namespace ConvoyLand {
  export interface Params {
    id: string;
    /** Although beads are open. */
    force?: boolean;
    /** Change nothing. */
    dryRun?: boolean;
  }
  /** For a convoy that is owned. */
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
  /** Without an address, the caller is told. */
  export const spec = request<{ id: string; address?: string }, ConvoyInfo>('gastown/convoy/watch', 'write');
}

export namespace ConvoyUnwatch {
  export const spec = request<{ id: string; address?: string }, ConvoyInfo>('gastown/convoy/unwatch', 'write');
}

export interface StrandedConvoy {
  id: string;
  title: string;
  /** `ready`: nobody has started its beads. `stuck`: they cannot go on. `empty`: it tracks nothing. */
  kind: 'ready' | 'stuck' | 'empty';
  /** Why it makes no progress, one line for each bead that holds it up. */
  reasons: string[];
}
export namespace ConvoyStranded {
  export const spec = request<NoParams, StrandedConvoy[]>('gastown/convoy/stranded', 'read');
}

export interface SlingResult {
  bead: string;
  rig: string;
  convoy: string;
  /** False where the bead was slung before: slinging twice changes nothing. */
  changed: boolean;
  /** The paused convoy that keeps it from being begun. */
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
