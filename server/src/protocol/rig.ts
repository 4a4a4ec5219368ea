import { z } from 'zod';
import { name } from './names';
import type { RigInfo } from './snapshot';
import { request } from './request';
import { CLONE_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

export const gateNames = ['setup', 'typecheck', 'lint', 'build', 'test'] as const;
export type GateName = (typeof gateNames)[number];

/** `off`: nobody; `script`: a command of the rig; `agent`: a reviewer session; `person`: a person in VS Code or by `gt mq`. */
export const reviewModes = ['off', 'script', 'agent', 'person'] as const;
export type ReviewMode = (typeof reviewModes)[number];

const gateCommands = z.partialRecord(z.enum(gateNames), z.string());

export namespace RigAdd {
  /**
   * `gates` are given by the caller. Where left out, commands are detected in the repository
   * (package.json scripts and the like). `accept` accepts exactly these, which the result shows; where the rig's
   * folder brought others along, or without `accept`, the rig waits for a person.
   */
  export const spec = request<RigInfo>()(
    'gastown/rig/add',
    z.object({
      name,
      source: z.string().min(1),
      prefix: z.string().optional(),
      defaultBranch: z.string().optional(),
      maxWorkers: z.number().int().min(1).max(50).optional(),
      gates: gateCommands.optional(),
      accept: z.boolean().optional(),
    }),
    'person',
    { timeLimitMs: CLONE_LIMIT_MS },
  );
}

/** Settings that `gt rig set` knows, besides the gates. Others are edited in the file. */
export const rigSettingNames = [
  'max_workers',
  'worker_spawn_delay',
  'max_attempts',
  'max_restarts',
  'agent',
  'formula',
  'review',
  'review_command',
  'reviewer',
  'max_review_rounds',
  'review_timeout',
  'stall_after',
] as const;

export namespace RigSet {
  /** An empty text takes a setting away. Commands that the person who may accept them has named are accepted. */
  export const spec = request<RigInfo>()(
    'gastown/rig/set',
    z.object({
      name,
      settings: z.partialRecord(z.enum(rigSettingNames), z.string()).default({}),
      gates: gateCommands.default({}),
    }),
    'person',
  );
}

export namespace RigList {
  export const spec = request<RigInfo[]>()('gastown/rig/list', z.object({}), 'read');
}

export namespace RigRemove {
  /** Refused while it has unmerged work. The folder is moved to `.runtime/removed/`, never deleted. */
  export const spec = request<{ movedTo: string }>()('gastown/rig/remove', z.object({ name }), 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace RigFastForward {
  export const spec = request<{ commits: number }>()('gastown/rig/fastForward', z.object({ name }), 'person', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}
