import type { AuditEvent } from '../protocol/bead';

/** A notification in windows. */
export interface PersonMessage {
  severity: 'info' | 'warning' | 'error';
  text: string;
  convoy?: string;
  bead?: string;
  plan?: boolean;
}

/** The notification for an event; undefined for most events. */
export function messageFor({ type, message, bead, convoy }: AuditEvent): PersonMessage | undefined {
  if (type === 'escalated') return { severity: 'warning', text: message ?? type, bead };
  if (type === 'plan_ready')
    return { severity: 'info', text: `The Mayor has a plan: ${message ?? ''}`, convoy, plan: true };
  return undefined;
}
