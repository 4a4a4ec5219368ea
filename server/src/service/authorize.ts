import { UserError } from '../base/errors';
import type { SessionRecords } from '../engine/adapters/sessionRecords';
import type { CallContext } from '../protocol/dispatcher';
import type { RequestSpec } from '../protocol/request';
import type { Acceptance, Hello } from '../protocol/transport';
import { agentOfDirectory } from '../town/layout';
import { canonicalRoot } from '../town/registry';

/** Who a connection is, decided once from its hello. */
export interface Caller {
  kind: 'person' | 'agent' | 'nobody';
  actor: string;
  agent?: string;
  cwd?: string;
}

/**
 * A valid token makes an agent. Without one, a command line in an agent's folder is nobody: it may look, and it
 * never falls back to being the person.
 */
export function identifyCaller(hello: Hello, root: string, records: SessionRecords): Caller {
  const cwd = hello.cwd === undefined ? undefined : canonicalRoot(hello.cwd);
  if (hello.token !== undefined) {
    const session = records.byToken(hello.token);
    if (!session) return { kind: 'nobody', actor: 'nobody', cwd };
    return { kind: 'agent', actor: session.agent, agent: session.agent, cwd };
  }
  const agent = hello.kind === 'cli' && cwd !== undefined ? agentOfDirectory(root, cwd) : undefined;
  if (agent) return { kind: 'nobody', actor: agent, agent, cwd };
  return { kind: 'person', actor: hello.actor ?? 'unknown', cwd };
}

/** An actor unlike the token is refused at the door. */
export function acceptHello(hello: Hello, root: string, records: SessionRecords): Acceptance {
  const caller = identifyCaller(hello, root, records);
  if (caller.kind === 'agent' && hello.actor !== undefined && hello.actor !== caller.actor) {
    return { ok: false, reason: `this session belongs to ${caller.actor}, not to ${hello.actor}`, code: 'refused' };
  }
  return { ok: true };
}

export function authorize(spec: RequestSpec, caller: Caller): void {
  if (spec.access === 'read') return;
  if (caller.kind === 'nobody') {
    throw new UserError(
      caller.agent ? `this folder belongs to ${caller.agent}, and the call brought no valid session token` : 'the session that this token belonged to has ended',
      'run it in the terminal of the agent', 'refused');
  }
  if (spec.access === 'person' && caller.kind !== 'person') {
    throw new UserError(`only a person may do this (${spec.method})`, undefined, 'refused');
  }
}

export function contextOf(caller: Caller, connection: string, operation: string | undefined): CallContext {
  return {
    actor: caller.actor, kind: caller.kind === 'agent' ? 'agent' : 'person', agent: caller.agent,
    cwd: caller.cwd, operation, connection,
  };
}
