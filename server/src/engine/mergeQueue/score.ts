export interface Scored {
  priority: number;
  createdAt: number;
  convoyCreatedAt: number;
  retries: number;
}

const HOUR = 3_600_000;

export interface Queued extends Scored {
  id: string;
  /** Position that a person has set: see `MergeRequest.order`. */
  order: number;
}

/** Compares two requests in merge order: the position that a person has set, then the score, then the age. */
export function compareTurns(a: Queued, b: Queued, now: number): number {
  return (
    a.order - b.order ||
    mergeScore(b, now) - mergeScore(a, now) ||
    a.createdAt - b.createdAt ||
    a.id.localeCompare(b.id)
  );
}

/** The score, as in the Go `gt`: old convoys, urgent beads, few retries and long waits come first. */
export function mergeScore(merge: Scored, now: number): number {
  const convoyHours = merge.convoyCreatedAt > 0 ? Math.max(0, now - merge.convoyCreatedAt) / HOUR : 0;
  const waitingHours = Math.max(0, now - merge.createdAt) / HOUR;
  const priority = merge.priority >= 0 && merge.priority <= 4 ? merge.priority : 4;
  return 1000 + 10 * convoyHours + 100 * (4 - priority) - Math.min(50 * merge.retries, 300) + waitingHours;
}
