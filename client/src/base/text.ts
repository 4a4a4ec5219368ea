/** Makes untrusted text (titles, names, messages) safe to show. Pure. */

import { revealMisleading } from '../../../server/src/base/text';

export { revealHidden, revealMisleading } from '../../../server/src/base/text';

/**
 * One line of at most `length` characters: titles may be long and contain anything. Characters that reorder or hide
 * text are escaped, such as `\u{202e}`.
 */
export function oneLine(text: string, length = 120): string {
  const clean = revealMisleading(text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' '))
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...clean];
  return characters.length <= length ? clean : `${characters.slice(0, length - 1).join('')}…`;
}

/** Escapes a text for labels in which VS Code turns `$(name)` into an icon: quick picks and the status bar. */
export function noIcons(text: string): string {
  return text.replace(/\$\(/g, '$\u200b(');
}

/** Escapes text for a line of Markdown. Escapes as little as possible, because the source is read, too. */
export function escapeMarkdown(text: string): string {
  return noIcons(revealMisleading(text))
    .replace(/[\\`*[\]~|]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/^(\s*)([#+-]|\d+[.)])/, '$1\u200b$2');
}

/** A fenced block with a fence that no line of the text can close. */
export function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((match) => match[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${revealMisleading(text)}\n${fence}`;
}

/** One line of untrusted text, escaped for Markdown. */
export function escapeLine(text: string, length = 120): string {
  return escapeMarkdown(oneLine(text, length));
}

/** Paragraphs of Markdown; without empty or missing ones. */
export function paragraphs(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join('\n\n');
}

/** An ISO time in the user's format, for Markdown; other text stays as it is. */
export function timeText(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? escapeLine(iso) : date.toLocaleString();
}

/** A text with a capital first letter, for texts that start a line. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
