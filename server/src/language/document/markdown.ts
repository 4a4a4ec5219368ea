/** Escapes text of a file for Markdown. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()#+!|<>~-]/g, '\\$&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Formats inline code: between more backquotes than any run in the text. */
export function inlineCode(text: string): string {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const fence = '`'.repeat(longest + 1);
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** A text as one line, cut to a maximum number of characters. */
export function shorten(text: string, length: number): string {
  // Long runs of white space are cut off with the rest.
  const line = text
    .slice(0, length * 20)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= length ? line : `${[...line].slice(0, length - 1).join('')}…`;
}
