/** RFC 3339 times as the ledger stores them: raw strings, because a JS Date would lose micro- and nanoseconds. */

const rfc3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

interface Instant {
  seconds: number;
  /** Digits of the fraction, padded to nine. */
  fraction: string;
}

function parse(time: string): Instant | undefined {
  const match = rfc3339.exec(time);
  if (!match) return undefined;
  const seconds = Date.parse(`${match[1]}T${match[2]}${match[4]?.toUpperCase()}`) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return { seconds, fraction: (match[3] ?? '').slice(0, 9).padEnd(9, '0') };
}

export function isTime(text: string): boolean {
  return parse(text) !== undefined;
}

/** Compares two instants at full precision. Invalid times sort before valid ones. */
export function compareTimes(a: string | undefined, b: string | undefined): number {
  const [left, right] = [a === undefined ? undefined : parse(a), b === undefined ? undefined : parse(b)];
  if (!left || !right) return Number(left !== undefined) - Number(right !== undefined);
  if (left.seconds !== right.seconds) return left.seconds < right.seconds ? -1 : 1;
  return left.fraction < right.fraction ? -1 : Number(left.fraction > right.fraction);
}

/** Microseconds since 1970 for the index; undefined for an invalid time. */
export function toMicroseconds(time: string | undefined): number | undefined {
  const instant = time === undefined ? undefined : parse(time);
  return instant && instant.seconds * 1e6 + Number(instant.fraction.slice(0, 6));
}

/**
 * Formats a time as UTC, with the trailing zeros of the fraction cut as Go does, so that a rewrite by `bd` changes
 * nothing.
 */
export function formatTime(date: Date): string {
  return date.toISOString().replace(/\.?0*Z$/, 'Z');
}

/** `now`, or just after `previous` if the clock went backwards: the times of one bead only increase. */
export function timeAfter(now: Date, previous: string | undefined): string {
  const time = formatTime(now);
  if (previous === undefined || compareTimes(time, previous) > 0) return time;
  return formatTime(new Date(Math.floor((toMicroseconds(previous) ?? 0) / 1000) + 1));
}
