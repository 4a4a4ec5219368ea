import { formatTime, isTime } from './time';

/** Times as users write them: `+6h`, `tomorrow at 9am`, `next monday`, `in 3 days`, a date or an RFC 3339 time. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const unitMs: Readonly<Record<string, number>> = {
  second: SECOND_MS,
  minute: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
};
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
  const word = text.trim().toLowerCase().replace(/\s+/g, ' ');
  return (
    relativeTime(word, now) ??
    dayName(word, now, inDays) ??
    dateOf(word) ??
    localTime(word) ??
    dayWithClock(word, now) ??
    (isTime(text.trim()) ? text.trim() : undefined)
  );
}

/** Parses a time in the past: `7d` means seven days ago, `yesterday` its first moment in local time. */
export function pastTime(text: string, now: Date): string | undefined {
  const match = /^(\d{1,5})([hdw])$/.exec(text.trim().toLowerCase());
  if (!match) return parsed(text, now, (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days));
  return formatTime(new Date(now.getTime() - Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0)));
}

const numbers = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const COUNT = `(\\d{1,5}|an?|${numbers.slice(1).join('|')})`;
const UNIT = '(second|sec|minute|min|hour|day|week|month|year)s?';
const aheadPattern = new RegExp(`^(?:in|within) ${COUNT} ${UNIT}$`);
const backPattern = new RegExp(`^${COUNT} ${UNIT} ago$`);

/** `6h`, `+1d`, `-2w`, `in 3 days`, `2 weeks ago`; months and years by the calendar. */
function relativeTime(word: string, now: Date): string | undefined {
  const short = /^([+-]?)(\d{1,5})([hdwmy])$/.exec(word);
  if (short) return shifted(now, Number(`${short[1]}${short[2]}`), short[3] ?? '');
  const ahead = aheadPattern.exec(word);
  const match = ahead ?? backPattern.exec(word);
  if (!match) return undefined;
  const [, text = '', unit = ''] = match;
  const count = /^an?$/.test(text) ? 1 : Math.max(numbers.indexOf(text), Number(text) || 0);
  const name = unit.startsWith('sec') ? 'second' : unit.startsWith('min') ? 'minute' : unit.charAt(0);
  return shifted(now, ahead ? count : -count, name);
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

const timesOfDay: Readonly<Record<string, number>> = { morning: 8, noon: 12, afternoon: 15, evening: 18 };

/** `tomorrow at 9am`, `friday 17:30`, `5pm`, `tomorrow morning`, `tonight`: a day, today if none is named, with a clock. */
function dayWithClock(word: string, now: Date): string | undefined {
  const clock = /^(?:(.*?) )?(?:at )?(\d{1,2})(?::(\d\d))? ?(am|pm)?$/.exec(word.replace(/^at /, ''));
  const named = /^(?:(.*?) )?(?:in the )?(morning|noon|afternoon|evening)$/.exec(word);
  if (word === 'tonight') return at('today', 23, 0, now);
  if (named) return at(named[1], timesOfDay[named[2]!]!, 0, now);
  if (!clock || (clock[3] === undefined && clock[4] === undefined)) return undefined;
  const [, day, hourText, minutes = '0', half] = clock;
  const hour = Number(hourText);
  if (half !== undefined && (hour < 1 || hour > 12)) return undefined;
  return at(day, half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0), Number(minutes), now);
}

function at(day: string | undefined, hour: number, minute: number, now: Date): string | undefined {
  if (hour > 23 || minute > 59) return undefined;
  const inDays = (days: number): Date =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour, minute);
  return dayName(day === undefined || day === 'this' ? 'today' : day, now, inDays);
}

/** A date with a clock and without a zone: local time. */
function localTime(word: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[t ](\d\d):(\d\d)(?::(\d\d))?$/.exec(word);
  if (!match || dateOf(match[1]!) === undefined) return undefined;
  const time = new Date(`${match[1]}T${match[2]}:${match[3]}:${match[4] ?? '00'}`);
  return Number.isNaN(time.getTime()) ? undefined : formatTime(time);
}

function dateOf(word: string): string | undefined {
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(word);
  const local = date && new Date(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
  return local && local.getMonth() === Number(date[2]) - 1 ? formatTime(local) : undefined;
}
