/*
 * Stored times are read by a clock that may have been set back: a stored "in a minute" may then be a year ahead. So a
 * time further ahead than the longest wait that is ever stored comes from a wrong clock.
 */

/** Upper bound of the waits that the engine records: see `backoffMs` and the pauses of reviews and merges. */
export const MAX_WAIT_MS = 5 * 60_000;

/** End of a wait in milliseconds since 1970. A time too far ahead to be valid counts as over. */
export function waitEnd(stored: number, now: number): number {
  return stored > now + MAX_WAIT_MS ? 0 : stored;
}

/** Milliseconds since 1970 of a stored time; 0 if there is none. */
export function time(iso: string | undefined): number {
  return iso ? Date.parse(iso) : 0;
}

/** Time of an event; a future time counts as unknown. */
export function happenedAt(stored: number, now: number): number {
  return stored > now ? 0 : stored;
}
