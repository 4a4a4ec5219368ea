import { distance } from 'fastest-levenshtein';

/** Cuts a text to a maximum number of bytes of UTF-8, between characters: titles of beads are limited in bytes. */
export function cutBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let size = 0;
  let result = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > maxBytes - 3) break; // room for the ellipsis
    result += character;
  }
  return `${result}…`;
}

/** The first line, for places that show one. */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.trim();
}

/**
 * A number with its noun: `1 file`, `3 files`. All plurals are formed here.
 * @param many where it is not `one` with an `s`
 */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * Quotes a path or name for a command in a message, so that it can be copied into a shell. Double quotes mean the same
 * to every shell, unless something in the text is special between them.
 */
export function argumentText(text: string): string {
  return /["$`\\!]/.test(text) && process.platform !== 'win32' ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`;
}

/** Edits (letters to insert, remove or replace) up to which a word counts as a misspelling of another one. */
const MAX_EDITS = 2;
/** Longer words are not misspelled names, and comparing them would take too long. */
const MAX_WORD = 150;

/** The candidate that a misspelled word most likely stands for; upper case, `-` and `_` make no difference. */
export function closestMatch(word: string, candidates: Iterable<string>): string | undefined {
  const folded = (text: string): string => text.toLowerCase().replaceAll('-', '_');
  if (word.length > MAX_WORD) return undefined;
  const wanted = folded(word);
  let best: string | undefined;
  let fewest = MAX_EDITS + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= fewest) continue;
    const edits = distance(wanted, folded(candidate));
    if (edits < fewest && edits < candidate.length) [best, fewest] = [candidate, edits];
  }
  return best;
}

/** Invisible characters that reorder text, hide in it, or end a line: a text with them looks like another one. */
const MISLEADING = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
/**
 * Misleading characters, and control characters that a terminal interprets or does not show. Without tab and newline.
 */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** Escapes characters that would reorder a displayed line, as `\u{202e}` and the like. */
export function revealMisleading(text: string): string {
  return text.replace(MISLEADING, escaped);
}

/**
 * Escapes characters that are invisible or reorder text. For commands that a person approves: the displayed text must
 * be what runs.
 */
export function revealHidden(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/**
 * JSON whose strings have control and misleading characters only as escapes: the same value to any parser of JSON, and
 * safe to print.
 */
export function printableJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
