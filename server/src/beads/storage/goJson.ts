import { isPlainObject } from '../../base/objects';

/** JSON text as Go's encoding/json writes it, the format of `issues.jsonl`. */

const htmlUnsafe = /[<>&\u2028\u2029]/g;

/** Compact JSON with `<`, `>`, `&` and the two line separators escaped. They can only occur inside strings. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    htmlUnsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** JSON with sorted keys: equal values have equal texts. For comparisons and tie-breaking. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      isPlainObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
    ) ?? 'undefined'
  );
}

/**
 * The raw text of every value of a JSON object, by key. Parsing and printing would lose big numbers, the
 * order of number-like keys and the writer's spacing; a field that did not change keeps its text instead.
 * @param text a valid JSON object
 */
export function rawFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let position = text.indexOf('{') + 1;
  for (;;) {
    position = skipSpace(text, position);
    if (text[position] === ',') position = skipSpace(text, position + 1);
    if (text[position] === '}' || position >= text.length) return fields;
    const keyEnd = endOfString(text, position);
    const key = JSON.parse(text.slice(position, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    position = endOfValue(text, start);
    fields.set(key, text.slice(start, position).trimEnd());
  }
}

function skipSpace(text: string, position: number): number {
  while (text[position] === ' ' || text[position] === '\t' || text[position] === '\r' || text[position] === '\n')
    position++;
  return position;
}

/** @param start position of the opening quote; the result is the position after the closing one */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let position = start; position < text.length; ) {
    const character = text[position];
    if (character === '"') {
      position = endOfString(text, position);
      continue;
    }
    if (character === '{' || character === '[') depth++;
    if (depth === 0 && (character === ',' || character === '}')) return position;
    if (character === '}' || character === ']') depth--;
    position++;
  }
  return text.length;
}
