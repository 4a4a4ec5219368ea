import { distance } from 'fastest-levenshtein';

/** Cuts a text to at most so many bytes of UTF-8, between characters: titles of beads are limited in bytes. */
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
 * A number with its noun: `1 file`, `3 files`. The one place that decides between singular and plural.
 * @param many where it is not `one` with an `s`
 */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Edits (letters to insert, remove or replace) up to which a word counts as a misspelling of another one. */
const MAX_EDITS = 2;
/** Longer words are no misspelling of a name, and comparing them would take long. */
const MAX_WORD = 150;

/** The candidate that a misspelled word most likely means; upper case, `-` and `_` make no difference. */
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
