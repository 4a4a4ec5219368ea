import toml from '@iarna/toml';
import { messageOf, UserError } from '../../base/errors';
import { isPlainObject } from '../../base/objects';
import { parseToml } from '../../toml/parser';
import { buildTree } from '../../toml/tree';
import { limits } from '../limits';

export type Format = 'toml' | 'json';

/** Reason and position of a syntax error; line and column count from 0. */
export interface ReadFailure {
  reason: string;
  at?: { line: number; column: number };
}

/** Parses a file. Never throws. */
export function readData(text: string, format: Format): { raw: Record<string, unknown> } | { failure: ReadFailure } {
  try {
    const data: unknown = format === 'json' ? toJsonValue(JSON.parse(text)) : readToml(text);
    if (!isPlainObject(data)) return { failure: { reason: 'a formula must be a table of keys and values' } };
    return { raw: data };
  } catch (thrown) {
    const { line, col } = thrown as { line?: number; col?: number };
    const reason = messageOf(thrown)
      .split('\n', 1)[0]!
      .replace(/ at row \d+, col \d+, pos \d+:?$/, '');
    return {
      failure: { reason, ...(format === 'toml' && typeof line === 'number' ? { at: { line, column: col ?? 0 } } : {}) },
    };
  }
}

/**
 * Parses TOML with @iarna/toml. That rejects comments that end with `\r\n`, as on Windows, so line ends are normalised
 * first.
 * @throws Error with `line` and `col` for a syntax error
 */
export function readToml(text: string): unknown {
  rejectInheritedNames(text);
  return toJsonValue(toml.parse(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')));
}

/**
 * `constructor.keys = 1` would make the library write to the `Object.keys` of this program, because it follows names
 * that every object inherits. They are harmless as keys of values and refused as names of tables.
 */
function rejectInheritedNames(text: string): void {
  if (!inheritedName.test(text)) return;
  const syntax = parseToml(text);
  const bad = buildTree(syntax).tables.find(({ name }) => name in Object.prototype);
  if (!bad) return;
  const before = text.slice(0, bad.start);
  const line = before.split('\n').length - 1;
  throw Object.assign(new Error(`a table cannot have the name "${bad.name}"; choose another`), {
    line,
    col: bad.start - before.lastIndexOf('\n') - 1,
  });
}

/** Keys with escapes are checked, too: an escape can encode any character. */
const inheritedName = new RegExp(`\\\\u|${Object.getOwnPropertyNames(Object.prototype).join('|')}`, 'i');

/**
 * TOML has dates and whole numbers of any size, JSON has not: they become strings.
 * @throws Error for data that is nested too deeply
 */
function toJsonValue(value: unknown, depth = 0): unknown {
  if (depth > limits.nesting) throw new Error(`the data is nested more than ${limits.nesting} levels deep`);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => toJsonValue(item, depth + 1));
  return isPlainObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, toJsonValue(entry, depth + 1)]))
    : value;
}

/** @throws UserError for data that TOML cannot express, such as null */
export function tomlText(data: Record<string, unknown>): string {
  try {
    return toml.stringify(data as toml.JsonMap);
  } catch (error) {
    throw new UserError(`cannot be written as TOML: ${messageOf(error)}`);
  }
}
