/**
 * Markdown from elsewhere, safe inside a page: it makes no section that looks like one of the page, hides nothing that
 * follows, and contains neither HTML nor pictures nor command links. Pure.
 */
export function containMarkdown(text: string): string {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    const [, marks = '', info = ''] = mark ?? [];
    if (fence !== undefined) {
      lines.push(line);
      if (mark && marks.startsWith(fence) && info.trim() === '') fence = undefined;
    } else if (mark && !(marks.startsWith('`') && info.includes('`'))) {
      fence = marks;
      lines.push(line);
    } else {
      lines.push(plainLine(line));
    }
  }
  return fence === undefined ? lines.join('\n') : `${lines.join('\n')}\n${fence}`;
}

/** The same as a block quote. */
export function quoteMarkdown(text: string): string {
  return containMarkdown(text)
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

function plainLine(line: string): string {
  const heading = line
    // Sections of the page have at most two marks.
    .replace(
      /^( {0,3})(#{1,6})(?=[ \t]|$)/,
      (_all, space: string, marks: string) => space + '#'.repeat(Math.min(6, marks.length + 2)),
    )
    // A line of `=` or `-` makes a heading of the line before it.
    .replace(/^( {0,3})([=-])(?=\2*[ \t]*$)/, '$1\\$2');
  // Code needs no escaping.
  return heading
    .split(/(`+[^`]+`+)/)
    .map((part, index) => (index % 2 === 1 ? part : outsideCode(part)))
    .join('');
}

function outsideCode(text: string): string {
  return text
    .replace(/<(?!(?:https?:\/\/|mailto:)[^\s<>]*>)(?=[A-Za-z/!?])/g, '&lt;')
    .replace(/!\[/g, '\\![')
    .replace(/(\]\(\s*<?|\]:\s*<?)(?=(?:command|javascript|data|vscode)[^\s)]*:)/gi, '$1#');
}
