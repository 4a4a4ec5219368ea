import { request, type WithDefaults } from './request';

/** Requests for a person's help, from agents, people and the town itself. Severities, most severe first. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

export interface EscalationInfo {
  id: string;
  severity: Severity;
  title: string;
  detail: string;
  /** `acked`: a person takes care of it. */
  state: 'open' | 'acked' | 'closed';
  by?: string;
  bead?: string;
  rig?: string;
  agent?: string;
  createdAt: string;
  ackedBy?: string;
  closedReason?: string;
}

export namespace EscalationRaise {
  export interface Params {
    text: string;
    severity?: Severity;
    reason?: string;
    /** By default the bead on the calling agent's hook. */
    bead?: string;
  }
  /** Raises an escalation. The same text twice is one escalation. */
  export const spec = request<Params, EscalationInfo, WithDefaults<Params, 'severity'>>(
    'gastown/escalation/raise',
    'write',
  );
}

export namespace EscalationList {
  /** Lists escalations. `all`: also closed ones. */
  export const spec = request<{ all?: boolean }, EscalationInfo[], { all: boolean }>('gastown/escalation/list', 'read');
}

export namespace EscalationGet {
  export const spec = request<{ id: string }, EscalationInfo>('gastown/escalation/get', 'read');
}

export namespace EscalationAck {
  /** Acknowledges an escalation: a person takes care of it, so it stays listed, but no longer notifies. */
  export const spec = request<{ id: string }, EscalationInfo>('gastown/escalation/ack', 'person');
}

export namespace EscalationClose {
  export const spec = request<{ id: string; reason?: string }, null>('gastown/escalation/close', 'person');
}

export const escalationRequests = [
  EscalationRaise.spec,
  EscalationList.spec,
  EscalationGet.spec,
  EscalationAck.spec,
  EscalationClose.spec,
] as const;
