import type { AuditEvent, Bead } from '../../protocol/bead';

export type NewEvent = Omit<AuditEvent, 'ts' | 'actor'>;

/** Fields whose values are short enough for the audit trail, before and after. */
const shortFields = new Set([
  'title',
  'priority',
  'issue_type',
  'assignee',
  'owner',
  'external_ref',
  'defer_until',
  'pinned',
  'ephemeral',
]);
/** Fields that follow from the status. */
const silentFields = new Set(['closed_at', 'close_reason', 'updated_at']);

/** Events of the audit trail for a change of these fields. */
export function changeEvents(before: Bead, after: Bead, keys: readonly string[]): NewEvent[] {
  return keys
    .filter((key) => !silentFields.has(key))
    .map((key) => {
      if (key === 'status') return statusEvent(before, after);
      if (key === 'assignee')
        return { type: 'assigned', bead: after.id, old: before.assignee ?? '', new: after.assignee ?? '' };
      const values = shortFields.has(key) ? { old: shown(before[key]), new: shown(after[key]) } : {};
      return { type: 'updated', bead: after.id, message: key, ...values };
    });
}

function statusEvent(before: Bead, after: Bead): NewEvent {
  const type = after.status === 'closed' ? 'closed' : before.status === 'closed' ? 'reopened' : 'status_changed';
  return {
    type,
    bead: after.id,
    old: before.status,
    new: after.status,
    ...(after.close_reason ? { message: after.close_reason } : {}),
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
