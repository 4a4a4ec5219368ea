/*
 * Stored times are read by a clock that may have been set back: what was written as "in a minute" may then lie a year ahead.
 * A wait is a span, so a time that lies further ahead than any span that is ever written is one of another clock.
 */

/** Upper bound of the waits that the engine records: see `backoffMs` and the pauses of reviews and merges. */
export const MAX_WAIT_MS = 5 * 60_000;

/** End of a wait in milliseconds since 1970. A time too far ahead to be valid counts as over. */
export function waitEnd(stored: number, now: number): number {
  return stored > now + MAX_WAIT_MS ? 0 : stored;
}

/** Milliseconds since 1970 of a stored time; 0 where there is none. */
export function time(iso: string | undefined): number {
  return iso ? Date.parse(iso) : 0;
}

/** When something happened; a time that is still to come is none. */
export function happenedAt(stored: number, now: number): number {
  return stored > now ? 0 : stored;
}
