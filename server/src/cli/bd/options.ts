import fs from 'node:fs';
import path from 'node:path';
import { durationNs } from '../../base/duration';
import { hasCode, UserError, messageOf } from '../../base/errors';
import { isExternal } from '../../beads/external/reference';
import { pastTime, timeFromWords } from '../../beads/model/timeWords';
import type { CliCommand } from '../shared/command';
import type { ProcessContext } from '../shared/context';

/** Parses a priority: `P1` or `1`. */
export function parsePriority(text: string): number {
  const match = /^[pP]?([0-4])$/.exec(text.trim());
  if (!match)
    throw new UserError(
      `invalid priority ${JSON.stringify(text)} (expected 0-4 or P0-P4, not words like high/medium/low)`,
      '0 is the most urgent.',
    );
  return Number(match[1]);
}

/** Parses one of these names. @param option name of the option in the message */
export function oneOf<T extends string>(text: string, valid: readonly T[], option: string): T {
  const found = valid.find((name) => name === text);
  if (found !== undefined) return found;
  const list = `${valid.slice(0, -1).join(', ')}, or ${valid.at(-1)}`;
  throw new UserError(`invalid ${option} ${JSON.stringify(text)} (must be ${list})`);
}

/** Resolves a path that may start with `~`. */
export function withHome(folder: string, env: NodeJS.ProcessEnv): string {
  return /^~(?=[\\/]|$)/.test(folder) ? path.join(env.HOME ?? env.USERPROFILE ?? '~', folder.slice(1)) : folder;
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

/** Like `collect`, but an empty part is an error: `--add-label ""` is a mistake. */
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

/** Parses dependencies: `type:id` or `id`, separated by commas. */
export function parseDeps(text: string): [string, string][] {
  return collect(text, undefined).map((part) => {
    const colon = part.indexOf(':');
    if (colon < 0 || isExternal(part)) return ['', part];
    const [type, id] = [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
    if (type === '' || id === '')
      throw new UserError(`invalid dependency format '${part}', expected 'type:id' or 'id'`);
    return [type, id];
  });
}

/** The JSON object of `--metadata`; `@file` reads it from a file, relative to the command's folder. */
export function metadataOf(text: string | undefined, process: ProcessContext): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  return parseMetadata(text.startsWith('@') ? readText(text.slice(1), process, 'reading metadata file') : text);
}

export function parseMetadata(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError('invalid JSON in --metadata: must be valid JSON', messageOf(error));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UserError('metadata must be a JSON object');
  return value as Record<string, unknown>;
}

/** Parses `key=value`; a value that is JSON keeps its type. */
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

/** Parses a time: `+6h`, `+1d`, `+2w`, `tomorrow`, `next monday`, a date or an RFC 3339 time; empty clears it. */
export function parseWhen(text: string, now: Date, option: string): string {
  if (text.trim() === '') return '';
  const time = timeFromWords(text, now);
  if (time === undefined)
    throw new UserError(
      `invalid ${option} format ${JSON.stringify(text)}. Examples: +6h, tomorrow, next monday, 2026-01-31`,
    );
  return time;
}

/** Parses a time in a condition, such as that of `--created-after`; `7d` means seven days ago. */
export function parseBound(text: string, option: string): string {
  const time = pastTime(text, new Date());
  if (time === undefined)
    throw new UserError(
      `parsing ${option}: cannot parse time expression: ${JSON.stringify(text)} (examples: +6h, tomorrow, 2026-01-31)`,
    );
  return time;
}

/** Parses an estimate in minutes. */
export function parseEstimate(text: string): number {
  if (!/^\d+$/.test(text.trim())) throw new UserError('estimate must be a non-negative number of minutes');
  return Number(text);
}

/** Parses `30s`, `15m`, `1h30m` or `1d` into nanoseconds, the unit of the file format. */
export function parseDuration(text: string): number {
  const duration = durationNs(text);
  if (duration === undefined) throw new UserError(`invalid duration: ${text}`, 'Use 30s, 15m, 2h, 1h30m or 1d.');
  return duration;
}

/** The text of a file, or of standard input for `-`. @param doing start of the message of an error */
export function readText(file: string, process: ProcessContext, doing = 'reading file: failed to open file'): string {
  try {
    return file === '-' ? process.readStdin() : fs.readFileSync(path.resolve(process.cwd, file), 'utf8');
  } catch (error) {
    const why = hasCode(error, 'ENOENT') ? 'no such file or directory' : messageOf(error);
    throw new UserError(`${doing}: open ${file}: ${why}`);
  }
}

export interface DescriptionOptions {
  description?: string;
  body?: string;
  message?: string;
  bodyFile?: string;
  descriptionFile?: string;
  stdin?: boolean;
}

/** Adds the options for a description. */
export function withDescriptionOptions(command: CliCommand): CliCommand {
  return command
    .option('-d, --description <text>', 'description (- for standard input)')
    .hiddenOption('--body <text>', 'same as --description')
    .hiddenOption('-m, --message <text>', 'same as --description')
    .option('--stdin', 'read the description from standard input')
    .option('--body-file <file>', 'read the description from a file (- for standard input)')
    .hiddenOption('--description-file <file>', 'same as --body-file');
}

export function descriptionOf(options: DescriptionOptions, process: ProcessContext): string | undefined {
  const given = [options.description, options.body, options.message].filter((text) => text !== undefined);
  const file = options.stdin ? '-' : (options.bodyFile ?? options.descriptionFile);
  if (file !== undefined && given.length > 0)
    throw new UserError('cannot specify both --body-file and --description/--body/--message');
  if (given.length > 1) throw new UserError('give the description only once');
  if (file === undefined && given[0] !== '-') return given[0];
  return readText(file ?? '-', process, 'reading body file: failed to open file');
}

/** The fields that are not undefined, for parameters where an absent key and `undefined` differ. */
export function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Warns about a time in the past, which has no effect. */
export function warnIfPast(time: string | undefined, now: Date, note: (text: string) => void): void {
  if (!time || Date.parse(time) > now.getTime()) return;
  const shown = JSON.stringify(time.slice(0, 16).replace('T', ' '));
  note(`! Defer date ${shown} is in the past. Issue will appear in bd ready immediately.`);
  note('  Did you mean a future date? Use --defer=+1h or --defer=tomorrow');
}
