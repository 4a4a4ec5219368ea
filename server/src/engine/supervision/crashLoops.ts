/** A session that ended after less than this has not worked. */
export const SHORT_LIFE_MS = 10_000;
/** Names the escalation that tells a person. */
export function crashLoopKey(rig: string): string {
  return `storm-${rig}`;
}

const WINDOW_MS = 60_000;
const MIN_DEATHS = 6;

/** Counts agents that died right after their start, by rig, within the last minute. */
export class CrashLoopDetector {
  private readonly deaths = new Map<string, number[]>();

  record(rig: string, at: number): void {
    this.deaths.set(rig, [...this.recent(rig, at), at]);
  }

  /** @param maxWorkers a rig with many workers may lose more of them at once */
  isLooping(rig: string, now: number, maxWorkers: number): boolean {
    return this.recent(rig, now).length >= Math.max(MIN_DEATHS, 2 * maxWorkers);
  }

  private recent(rig: string, now: number): number[] {
    return (this.deaths.get(rig) ?? []).filter((at) => now - at < WINDOW_MS);
  }
}
