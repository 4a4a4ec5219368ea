import { UserError } from '../../base/errors';
import type { SessionRecords } from '../../sessions/records';
import type { CallContext } from '../../protocol/dispatcher';
import type { RequestSpec } from '../../protocol/request';
import type { Acceptance, Hello } from '../../protocol/transport';
import { agentOfDirectory, isAgentName } from '../../town/layout';
import { canonicalPath } from '../../base/safePaths';

/** The identity of a connection, determined once from its hello. */
export interface Caller {
  kind: 'person' | 'agent' | 'nobody';
  actor: string;
  agent?: string;
  /** The session of the token. */
  session?: string;
  cwd?: string;
  /** Why the caller may only read: without an identity, and for a window in Restricted Mode. */
  readOnly?: { reason: string; hint: string };
}

/**
 * Identifies a caller. A valid token identifies an agent. A call without one from an agent's folder or under an agent's
 * name may only read, and never acts as the user.
 */
export function identifyCaller(hello: Hello, root: string, records: SessionRecords): Caller {
  const cwd = hello.cwd === undefined ? undefined : canonicalPath(hello.cwd);
  if (hello.token !== undefined) {
    const session = records.byToken(hello.token);
    if (session) return { kind: 'agent', actor: session.agent, agent: session.agent, session: session.id, cwd };
    return nobody('nobody', cwd, 'the session that this token belonged to has ended');
  }
  const home = hello.kind !== 'window' && cwd !== undefined ? agentOfDirectory(root, cwd) : undefined;
  if (home)
    return {
      ...nobody(home, cwd, `this folder belongs to ${home}, and the call brought no valid session token`),
      agent: home,
    };
  const actor = hello.actor ?? 'unknown';
  if (isAgentName(actor))
    return nobody(actor, cwd, `"${actor}" is the name of an agent, and the call brought no valid session token`);
  // Only windows and command lines are the user's own programs.
  if (hello.kind === 'agent' || hello.kind === 'server')
    return nobody(actor, cwd, 'the call had no valid session token');
  if (hello.trusted === false)
    return {
      kind: 'person',
      actor,
      cwd,
      readOnly: { reason: 'this window is in restricted mode', hint: 'trust its folder first' },
    };
  return { kind: 'person', actor, cwd };
}

function nobody(actor: string, cwd: string | undefined, reason: string): Caller {
  return { kind: 'nobody', actor, cwd, readOnly: { reason, hint: 'run it in the terminal of the agent' } };
}

/** Rejects a hello whose actor does not match its token. */
export function acceptHello(hello: Hello, root: string, records: SessionRecords): Acceptance {
  const caller = identifyCaller(hello, root, records);
  if (caller.kind === 'agent' && hello.actor !== undefined && hello.actor !== caller.actor) {
    return { ok: false, reason: `this session belongs to ${caller.actor}, not to ${hello.actor}`, code: 'refused' };
  }
  return { ok: true };
}

export function authorize(spec: RequestSpec, caller: Caller): void {
  if (spec.access === 'read') return;
  if (caller.readOnly) throw new UserError(caller.readOnly.reason, caller.readOnly.hint, 'refused');
  if (spec.access === 'person' && caller.kind !== 'person') {
    throw new UserError(`only a person may do this (${spec.method})`, undefined, 'refused');
  }
}

export function contextOf(caller: Caller, connection: string, operation: string | undefined): CallContext {
  return {
    actor: caller.actor,
    kind: caller.kind === 'agent' ? 'agent' : 'person',
    agent: caller.agent,
    session: caller.session,
    cwd: caller.cwd,
    operation,
    connection,
  };
}
