/** Delay before the first poll of a pull request, and after each change of it. */
export const FIRST_LOOK_MS = 5_000;
const MAX_LOOK_MS = 5 * 60_000;

/** @param looks number of polls with the same result, 1 or more @returns milliseconds until the next poll */
export function nextLook(looks: number): number {
  return Math.min(MAX_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(looks - 1, 10));
}
