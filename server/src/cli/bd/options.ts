import fs from 'node:fs';
import { UserError, messageOf } from '../../base/errors';
import { formatTime, isTime } from '../../beads/model/time';
import type { CliCommand } from '../shared/command';
import type { ProcessContext } from '../shared/context';

/** `P1` or `1`. */
export function parsePriority(text: string): number {
  const match = /^[pP]?([0-4])$/.exec(text.trim());
  if (!match)
    throw new UserError(`priority must be between 0 and 4 (got ${text})`, 'Use 0-4 or P0-P4; 0 is the most urgent.');
  return Number(match[1]);
}

/** Adds the values of a repeatable, comma-separated option to the earlier ones. */
export function collect(text: string, earlier: string[] | undefined): string[] {
  return [
    ...(earlier ?? []),
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

/** Like `collect`, but an empty part is an error: nobody means `--add-label ""`. */
export function collectLabels(text: string, earlier: string[] | undefined): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) throw new UserError('label cannot be empty');
  return [...(earlier ?? []), ...parts];
}

export function parseLimit(text: string): number {
  if (!/^\d+$/.test(text))
    throw new UserError(`limit must be a number of 0 or more (got ${text})`, '0 means no limit.');
  return Number(text);
}

/** `type:id` or `id`, separated by commas. */
export function parseDeps(text: string): [string, string][] {
  return collect(text, undefined).map((part) => {
    const colon = part.indexOf(':');
    if (colon < 0 || part.startsWith('external:')) return ['', part];
    const [type, id] = [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
    if (type === '' || id === '')
      throw new UserError(`invalid dependency format '${part}', expected 'type:id' or 'id'`);
    return [type, id];
  });
}

export function parseMetadata(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('@') ? fs.readFileSync(text.slice(1), 'utf8') : text);
  } catch (error) {
    throw new UserError('metadata must be valid JSON', messageOf(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError('metadata must be a JSON object');
  return value as Record<string, unknown>;
}

/** `key=value`; a value that is JSON keeps its type. */
export function parseSetting(text: string): [string, unknown] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UserError(`invalid metadata setting '${text}'`, 'Use key=value.');
  const value = text.slice(equals + 1);
  try {
    return [text.slice(0, equals), JSON.parse(value)];
  } catch {
    return [text.slice(0, equals), value];
  }
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 };
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** `+6h`, `+1d`, `+2w`, `tomorrow`, `next monday`, a date or an RFC 3339 time. Days start at local midnight. */
export function parseWhen(text: string, now: Date): string {
  const word = text.trim().toLowerCase();
  if (word === '') return '';
  const relative = /^\+(\d{1,5})([hdw])$/.exec(word);
  if (relative) return formatTime(new Date(now.getTime() + Number(relative[1]) * (unitMs[relative[2] ?? ''] ?? 0)));
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const inDays = (days: number): string =>
    formatTime(new Date(midnight.getFullYear(), midnight.getMonth(), midnight.getDate() + days));
  if (word === 'tomorrow') return inDays(1);
  const weekday = weekdays.indexOf(word.replace(/^next\s+/, ''));
  if (weekday >= 0) return inDays(((weekday - midnight.getDay() + 6) % 7) + 1);
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(word);
  const local = date && new Date(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
  if (local && local.getMonth() === Number(date[2]) - 1) return formatTime(local);
  if (isTime(text.trim())) return text.trim();
  throw new UserError(
    `invalid time: ${JSON.stringify(text)}`,
    'Use +6h, +1d, +2w, tomorrow, next monday, 2026-01-31 or an RFC 3339 time.',
  );
}

/** The text of a file, or of standard input for `-`. */
export function readText(file: string, process: ProcessContext): string {
  try {
    return file === '-' ? process.readStdin() : fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

export interface DescriptionOptions {
  description?: string;
  body?: string;
  message?: string;
  bodyFile?: string;
  descriptionFile?: string;
}

/** The ways to give a description. */
export function withDescriptionOptions(command: CliCommand): CliCommand {
  return command
    .option('-d, --description <text>', 'description')
    .hiddenOption('--body <text>', 'same as --description')
    .hiddenOption('-m, --message <text>', 'same as --description')
    .option('--body-file <file>', 'read the description from a file (- for standard input)')
    .hiddenOption('--description-file <file>', 'same as --body-file');
}

export function descriptionOf(options: DescriptionOptions, process: ProcessContext): string | undefined {
  const given = [options.description, options.body, options.message].filter((text) => text !== undefined);
  const file = options.bodyFile ?? options.descriptionFile;
  if (given.length + (file === undefined ? 0 : 1) > 1) throw new UserError('give the description only once');
  return file === undefined ? given[0] : readText(file, process);
}

/** The fields that are not undefined, for parameters where an absent key and `undefined` differ. */
export function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Warns of a time in the past, which has no effect. */
export function warnIfPast(time: string | undefined, now: Date, note: (text: string) => void): void {
  if (time && Date.parse(time) <= now.getTime()) note(`Warning: ${time} is in the past, so nothing is deferred`);
}
