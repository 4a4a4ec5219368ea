import type { Budget, Place } from '../limits';

/** How names in braces are found in a text, and what comes in their place. */
export interface Placeholders {
  /** Global, with the name as its only group. */
  pattern: RegExp;
  /** The value of a name; undefined where the placeholder stays. */
  value: (name: string) => string | undefined;
}

/**
 * Puts values in the place of placeholders. Values are never looked at again.
 * The length is known before the text is written: one that repeats itself too often is refused and never made.
 * @throws CompositionError where all texts together would get too long
 */
export function fillText(text: string, { pattern, value }: Placeholders, budget: Budget, place: Place): string {
  if (!text.includes('{')) return text;
  const parts: string[] = [];
  let [end, length] = [0, text.length];
  for (const match of text.matchAll(pattern)) {
    const replacement = value(match[1]!);
    if (replacement === undefined) continue;
    length += replacement.length - match[0].length;
    budget.checkText(length, place);
    parts.push(text.slice(end, match.index), replacement);
    end = match.index + match[0].length;
  }
  return end === 0 ? text : parts.join('') + text.slice(end);
}
