import type { Budget, Place } from '../limits';

/** Pattern of placeholders, and their values. */
export interface Placeholders {
  /** Global, with the name as its only group. */
  pattern: RegExp;
  /** The value of a name; undefined to keep the placeholder. */
  value: (name: string) => string | undefined;
}

/**
 * Replaces placeholders by values. Placeholders within values stay as they are. The length is checked before the string
 * is built.
 * @throws CompositionError if all strings together would get too long
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
