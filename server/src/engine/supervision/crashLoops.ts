/** A session shorter than this counts as a failed start. */
export const SHORT_LIFE_MS = 10_000;

const WINDOW_MS = 60_000;
const MIN_DEATHS = 6;

/** Key of the escalation. */
export function crashLoopKey(rig: string): string {
  return `crash-loop-${rig}`;
}

/**
 * Whether agents of a rig kept exiting right after they started, within the last minute.
 * @param shortLives times at which short sessions ended, in milliseconds since 1970
 * @param maxWorkers a rig with many workers may lose more of them at once
 */
export function isCrashLoop(shortLives: readonly number[], now: number, maxWorkers: number): boolean {
  const recent = shortLives.filter((at) => now - at < WINDOW_MS);
  return recent.length >= Math.max(MIN_DEATHS, 2 * maxWorkers);
}
