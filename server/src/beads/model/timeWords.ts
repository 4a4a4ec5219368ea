import { formatTime, isTime } from './time';

/** Times as users write them: `+6h`, `tomorrow`, `next monday`, `in 3 days`, a date or an RFC 3339 time. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const unitMs: Readonly<Record<string, number>> = { h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * Parses a time; the result is RFC 3339, or undefined for anything else. `tomorrow` and `next monday` keep the time of
 * day, so that a bead due tomorrow is not overdue tomorrow morning.
 */
export function timeFromWords(text: string, now: Date): string | undefined {
  return parsed(
    text,
    now,
    (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, ...clockOf(now)),
  );
}

function clockOf(now: Date): [number, number, number, number] {
  return [now.getHours(), now.getMinutes(), now.getSeconds(), now.getMilliseconds()];
}

function parsed(text: string, now: Date, inDays: (days: number) => Date): string | undefined {
  const word = text.trim().toLowerCase();
  return (
    relativeTime(word, now) ??
    dayName(word, now, inDays) ??
    dateOf(word) ??
    (isTime(text.trim()) ? text.trim() : undefined)
  );
}

/** Parses a time in the past: `7d` means seven days ago, `yesterday` its first moment in local time. */
export function pastTime(text: string, now: Date): string | undefined {
  const match = /^(\d{1,5})([hdw])$/.exec(text.trim().toLowerCase());
  if (!match) return parsed(text, now, (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days));
  return formatTime(new Date(now.getTime() - Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0)));
}

/** `+6h`, `+1d`, `-2w`, `in 3 days`, `2 weeks ago`; months and years by the calendar. */
function relativeTime(word: string, now: Date): string | undefined {
  const short = /^([+-])(\d{1,5})([hdwmy])$/.exec(word);
  const long =
    /^(?:in (\d{1,5}|an?) (hour|day|week|month|year)s?|(\d{1,5}|an?) (hour|day|week|month|year)s? ago)$/.exec(word);
  if (short) return shifted(now, Number(`${short[1]}${short[2]}`), short[3] ?? '');
  if (!long) return undefined;
  const [, ahead, aheadUnit, back, backUnit] = long;
  const count = /^an?$/.test(ahead ?? back ?? '') ? 1 : Number(ahead ?? back);
  return shifted(now, back === undefined ? count : -count, (aheadUnit ?? backUnit ?? '').charAt(0));
}

function shifted(now: Date, count: number, unit: string): string {
  const time = new Date(now);
  if (unit === 'm') time.setMonth(time.getMonth() + count);
  else if (unit === 'y') time.setFullYear(time.getFullYear() + count);
  else time.setTime(time.getTime() + count * (unitMs[unit] ?? 0));
  return formatTime(time);
}

function dayName(word: string, now: Date, dayIn: (days: number) => Date): string | undefined {
  const inDays = (days: number): string => formatTime(dayIn(days));
  if (word === 'now') return formatTime(now);
  if (word === 'today') return inDays(0);
  if (word === 'tomorrow') return inDays(1);
  if (word === 'yesterday') return inDays(-1);
  const weekday = weekdays.indexOf(word.replace(/^next\s+/, ''));
  return weekday < 0 ? undefined : inDays(((weekday - now.getDay() + 6) % 7) + 1);
}

function dateOf(word: string): string | undefined {
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(word);
  const local = date && new Date(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
  return local && local.getMonth() === Number(date[2]) - 1 ? formatTime(local) : undefined;
}
