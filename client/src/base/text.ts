/** Makes texts that came from elsewhere (titles, names, problems) fit to be shown. Pure. */

/** One line of at most `length` characters: titles may be ten kilobytes long and hold anything. */
export function oneLine(text: string, length = 120): string {
  // Control characters and marks that reorder text must not change how the rest of a row reads.
  const clean = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...clean];
  return characters.length <= length ? clean : `${characters.slice(0, length - 1).join('')}…`;
}

/**
 * Text in which nothing hides: what reorders or erases is written out. For commands that a person is to accept,
 * where what is read must be what runs.
 */
export function revealHidden(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

/** For labels in which VS Code turns `$(name)` into an icon: quick picks and the status bar. */
export function noIcons(text: string): string {
  return text.replace(/\$\(/g, '$\u200b(');
}

/** Text that stands for itself inside a line of Markdown; escapes no more than it must, as people read the source, too. */
export function escapeMarkdown(text: string): string {
  return noIcons(text)
    .replace(/[\\`*[\]~|]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/^(\s*)([#+-]|\d+[.)])/, '$1\u200b$2');
}

/** A fenced block whose fence no line of the text can close. */
export function fenced(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map((match) => match[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
