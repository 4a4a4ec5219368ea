import { z } from 'zod';
import { name } from './names';
import { request } from './request';

/** What agents, people and the town itself call for a person with. Most pressing first. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

export interface EscalationInfo {
  id: string;
  severity: Severity;
  title: string;
  detail: string;
  /** `acked`: somebody looks after it. */
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
  /** About the bead on the calling agent's hook, where none is named. The same said twice is one escalation. */
  export const spec = request<EscalationInfo>()(
    'gastown/escalation/raise',
    z.object({
      text: z.string().min(1).max(20_000),
      severity: z.enum(severities).default('medium'),
      reason: z.string().max(20_000).optional(),
      bead: name.optional(),
    }),
    'write',
  );
}
export namespace EscalationList {
  export const spec = request<EscalationInfo[]>()(
    'gastown/escalation/list',
    z.object({ all: z.boolean().default(false) }),
    'read',
  );
}
export namespace EscalationGet {
  export const spec = request<EscalationInfo>()('gastown/escalation/get', z.object({ id: name }), 'read');
}
export namespace EscalationAck {
  /** Somebody looks after it: it stays listed and calls nobody any more. */
  export const spec = request<EscalationInfo>()('gastown/escalation/ack', z.object({ id: name }), 'person');
}
export namespace EscalationClose {
  export const spec = request<null>()(
    'gastown/escalation/close',
    z.object({ id: name, reason: z.string().optional() }),
    'person',
  );
}

export const escalationRequests = [
  EscalationRaise.spec,
  EscalationList.spec,
  EscalationGet.spec,
  EscalationAck.spec,
  EscalationClose.spec,
] as const;
