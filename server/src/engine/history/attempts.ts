import type { AuditEvent } from '../../protocol/bead';
import type { WorkSession } from '../../protocol/board';

/** Sessions that worked on a bead, derived from its audit trail. Pure. @param events of one bead, oldest first */
export function workSessions(events: readonly AuditEvent[]): WorkSession[] {
  const sessions: WorkSession[] = [];
  let agent: string | undefined;
  let attempt = 1;
  for (const event of events) {
    const last = sessions.at(-1);
    const live = last && last.ended === undefined ? last : undefined;
    switch (event.type) {
      case 'slung':
        agent = event.agent;
        attempt = 1;
        break;
      case 'assigned':
        agent = event.new || undefined;
        break;
      case 'status_changed':
        if (event.new === 'in_progress' && !live)
          sessions.push({ agent: agent ?? event.actor, attempt, started: event.ts, restarts: 0 });
        else if (live && event.new !== 'in_progress') end(live, event, event.new === 'hooked' ? 'stopped' : event.new);
        break;
      case 'session_died':
        if (live) live.restarts += 1;
        break;
      case 'attempt_failed':
      case 'failed':
        conclude(last, event);
        if (event.type === 'attempt_failed') attempt += 1;
        break;
      case 'review_rejected':
        conclude(last, event);
        break;
      case 'done':
      case 'closed':
        if (last && isOf(last, event)) end(last, event, event.type);
        break;
      case 'merged':
        if (last) Object.assign(last, { end: 'merged', message: event.new });
        break;
    }
  }
  return sessions;
}

/** The session of submitted work ended earlier; the rejection records its outcome. */
function conclude(last: WorkSession | undefined, event: AuditEvent): void {
  if (!last) return;
  if (isOf(last, event)) end(last, event, event.type);
  else if (last.end === 'done') Object.assign(last, { end: 'sent_back', message: event.message });
}

/**
 * Whether an event belongs to the session's end: a change of status and its reason are recorded together, and the
 * reason is the better text.
 */
function isOf(session: WorkSession, event: AuditEvent): boolean {
  return session.ended === undefined || session.ended === event.ts;
}

function end(session: WorkSession, event: AuditEvent, how: string | undefined): void {
  session.ended = event.ts;
  session.end = how;
  if (event.message) session.message = event.message;
}
