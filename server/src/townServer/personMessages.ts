import type { AuditEvent } from '../protocol/bead';

/** What a window tells its person at once. */
export interface PersonMessage {
  severity: 'info' | 'warning' | 'error';
  text: string;
  convoy?: string;
  bead?: string;
  plan?: boolean;
}

/** The message that an event is worth; undefined for most of them. */
export function messageFor({ type, message, bead, convoy }: AuditEvent): PersonMessage | undefined {
  if (type === 'escalated') return { severity: 'warning', text: message ?? type, bead };
  if (type === 'plan_ready')
    return { severity: 'info', text: `The Mayor has a plan: ${message ?? ''}`, convoy, plan: true };
  return undefined;
}
