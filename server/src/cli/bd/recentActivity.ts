import { BeadEvents, type AuditEvent } from '../../protocol/bead';
import { type LedgerParam } from '../../protocol/beadFilter';
import type { Invocation } from '../shared/command';
import type { BdContext } from './context';

/** Recent activity on beads, with the field names of `bd status --json`. */
export interface Activity {
  hours_tracked: number;
  /** Always 0: the Go `bd` counts commits of its files here. */
  commit_count: number;
  issues_created: number;
  issues_closed: number;
  issues_reopened: number;
  issues_updated: number;
  total_changes: number;
}

const HOURS = 24;
const EVENTS_LOOKED_AT = 10_000;

export async function recentActivity(
  invocation: Invocation,
  context: BdContext,
  params: LedgerParam,
): Promise<Activity> {
  const events = await context.call(invocation, BeadEvents.spec, { ...params, limit: EVENTS_LOOKED_AT });
  return activityOf(events, new Date());
}

export function activityOf(events: readonly AuditEvent[], now: Date): Activity {
  const since = now.getTime() - HOURS * 3_600_000;
  const recent = events.filter((event) => event.bead !== undefined && Date.parse(event.ts) >= since);
  const count = (type: AuditEvent['type']): number => recent.filter((event) => event.type === type).length;
  const [created, closed, reopened] = [count('created'), count('closed'), count('reopened')];
  return {
    hours_tracked: HOURS,
    commit_count: 0,
    issues_created: created,
    issues_closed: closed,
    issues_reopened: reopened,
    issues_updated: recent.length - created - closed - reopened,
    total_changes: recent.length,
  };
}
