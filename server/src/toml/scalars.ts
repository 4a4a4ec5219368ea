import type { ScalarValue } from './nodes';

const integer = /^(?:[+-]?(?:0|[1-9](?:_?\d)*)|0x[\dA-Fa-f](?:_?[\dA-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)$/;
const float = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/;
const special = /^[+-]?(?:inf|nan)$/;
const date = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)([Zz]|[+-]\d\d:\d\d)?)?$/;
const time = /^\d\d:\d\d:\d\d(?:\.\d+)?$/;

/**
 * Parses a number, a boolean or a date; undefined for anything else. Dates and very large numbers become strings, as in
 * JSON.
 */
export function scalarOf(text: string): Pick<ScalarValue, 'type' | 'value'> | undefined {
  if (text === 'true' || text === 'false') return { type: 'boolean', value: text === 'true' };
  if (special.test(text))
    return { type: 'float', value: text.endsWith('nan') ? NaN : text.startsWith('-') ? -Infinity : Infinity };
  if (integer.test(text)) return { type: 'integer', value: integerOf(text.replaceAll('_', '')) };
  if (float.test(text)) return { type: 'float', value: Number(text.replaceAll('_', '')) };
  const moment = momentOf(text);
  return moment === undefined ? undefined : { type: 'date', value: moment };
}

/** Longer numbers become strings: converting them to decimal would take too long. */
const MAX_DIGITS = 100;

function integerOf(text: string): number | string {
  if (text.length > MAX_DIGITS) return text.replace(/^\+/, '');
  const sign = text.startsWith('-') ? -1n : 1n;
  const value = sign * BigInt(text.replace(/^[+-]/, ''));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** A date in the form of @iarna/toml: always with milliseconds, in UTC if the text has a time zone. */
function momentOf(text: string): string | undefined {
  if (time.test(text)) return iso(`1970-01-01T${text}Z`)?.slice(11, -1);
  const [, day, clock, zone] = date.exec(text) ?? [];
  if (day === undefined) return undefined;
  if (clock === undefined) return iso(`${day}T00:00:00Z`)?.slice(0, 10);
  if (zone === undefined) return iso(`${day}T${clock}Z`)?.slice(0, -1);
  return iso(`${day}T${clock}${zone.toUpperCase()}`);
}

function iso(text: string): string | undefined {
  const moment = new Date(text.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}
