import { distance } from 'fastest-levenshtein';

/** Longer words are no typing mistakes of a known one. */
const MAX_WORD = 100;

/**
 * The known word that was probably meant, for "did you mean …?".
 * Letter case and `-` versus `_` do not count; up to 40 % of the letters may differ, at least 1 and at most 3.
 * @returns undefined where none is close enough
 */
export function closestMatch(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const wanted = normalized(word);
  let best: { name: string; edits: number } | undefined;
  for (const name of candidates) {
    const allowed = Math.min(3, Math.max(1, Math.floor(name.length * 0.4)));
    if (Math.abs(name.length - word.length) > allowed || name.length <= 1) continue;
    const edits = distance(wanted, normalized(name));
    if (edits <= allowed && (!best || edits < best.edits)) best = { name, edits };
  }
  return best?.name;
}

function normalized(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}
