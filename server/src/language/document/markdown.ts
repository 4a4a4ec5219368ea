/** Text of a file within Markdown, standing for itself. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()#+!|<>~-]/g, '\\$&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The same as code: between more backquotes than it holds in a row. */
export function inlineCode(text: string): string {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const fence = '`'.repeat(longest + 1);
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** One line of at most so many characters. */
export function shorten(text: string, length: number): string {
  // White space that goes may be most of the text, but not for ever.
  const line = text
    .slice(0, length * 20)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= length ? line : `${[...line].slice(0, length - 1).join('')}…`;
}
