import { UserError } from '../../base/errors';
import type { AgentFields, Bead } from '../../protocol/bead';
import type { ParsedParams } from '../../protocol/request';
import type { BeadUpdate } from '../../protocol/bead';

type Given = NonNullable<ParsedParams<typeof BeadUpdate.spec>['agent']>;

const names = {
  state: 'agent_state',
  lastActivity: 'last_activity',
  hook: 'hook_bead',
  role: 'role_bead',
  roleType: 'role_type',
  rig: 'rig',
} as const satisfies Record<keyof AgentFields, string>;

/** The given fields of an agent's bead, with the names of the file format. */
export function agentFields(given: Given): Record<string, string | undefined> {
  const keys = Object.keys(names) as (keyof AgentFields)[];
  const set = keys.filter((key) => given[key] !== undefined);
  return Object.fromEntries(set.map((key) => [names[key], given[key] || undefined]));
}

/** Refuses to hook a second bead. */
export function refuseOccupiedHook(bead: Bead, { hook }: Given): void {
  const held = bead.hook_bead;
  if (hook && typeof held === 'string' && held !== '')
    throw new UserError(
      `hook slot already occupied by ${held}; use 'bd slot clear ${bead.id} hook' first`,
      undefined,
      'conflict',
    );
}
