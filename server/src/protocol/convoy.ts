import { z } from 'zod';
import { variables } from './formula';
import { name } from './names';
import type { BeadInfo, ConvoyInfo } from './snapshot';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

export namespace ConvoyCreate {
  export const spec = request<ConvoyInfo>()(
    'gastown/convoy/create',
    z.object({
      title: z.string().min(1).max(500),
      beads: z.array(name).max(1000).default([]),
      stage: z.boolean().default(false),
      notify: z.array(z.string()).default([]),
    }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
export namespace ConvoyAdd {
  export const spec = request<ConvoyInfo>()(
    'gastown/convoy/add',
    z.object({ id: name, beads: z.array(name).min(1).max(1000) }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
export namespace ConvoyList {
  export const spec = request<ConvoyInfo[]>()(
    'gastown/convoy/list',
    z.object({ all: z.boolean().default(false) }),
    'read',
  );
}
export interface ConvoyStatus extends ConvoyInfo {
  tracked: BeadInfo[];
  /** Ids by wave: a wave needs only the waves before it. */
  waves: string[][];
  warnings: string[];
}
export namespace ConvoyGet {
  export const spec = request<ConvoyStatus>()('gastown/convoy/get', z.object({ id: name }), 'read');
}
export namespace ConvoyLaunch {
  export const spec = request<ConvoyInfo>()(
    'gastown/convoy/launch',
    z.object({ id: name, force: z.boolean().default(false) }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export interface SlingResult {
  bead: string;
  rig: string;
  convoy: string;
  /** False where the bead was slung before: slinging twice changes nothing. */
  changed: boolean;
}

export namespace Sling {
  export const spec = request<SlingResult[]>()(
    'gastown/sling',
    z.object({
      beads: z.array(name).min(1).max(200),
      rig: name,
      /** A polecat of the rig by name; otherwise the next free name of the pool. */
      agent: name.optional(),
      runtime: name.optional(),
      model: z.string().max(200).optional(),
      /** The steps by which it is to be done: poured as a molecule that belongs to the bead. */
      formula: name.optional(),
      vars: variables.optional(),
    }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
