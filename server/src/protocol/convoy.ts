import { request, type NoParams, type WithDefaults } from './request';
import type { BeadInfo, ConvoyInfo } from './snapshot';
import { LONG_LIMIT_MS } from './timeLimit';

/** Convoys, and slinging, which creates them. */

export namespace ConvoyCreate {
  export interface Params {
    title: string;
    beads?: string[];
    /** Do not launch it yet. */
    stage?: boolean;
    /** Who is told when it lands: addresses of agents, names of people. */
    notify?: string[];
  }
  export const spec = request<Params, ConvoyInfo, WithDefaults<Params, 'beads' | 'stage' | 'notify'>>(
    'gastown/convoy/create',
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace ConvoyAdd {
  export const spec = request<{ id: string; beads: string[] }, ConvoyInfo>('gastown/convoy/add', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace ConvoyList {
  /** `all`: also those that have landed. */
  export const spec = request<{ all?: boolean }, ConvoyInfo[], { all: boolean }>('gastown/convoy/list', 'read');
}

export interface ConvoyStatus extends ConvoyInfo {
  tracked: BeadInfo[];
  /** Ids by wave: a wave needs only the waves before it. */
  waves: string[][];
  warnings: string[];
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

export interface StrandedConvoy {
  id: string;
  title: string;
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
