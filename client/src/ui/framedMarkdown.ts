/**
 * Markdown that somebody wrote, fit to stand inside a page of ours: it makes no section that looks like the page's own,
 * hides nothing of what follows, brings no HTML and loads no picture from elsewhere. Pure.
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

/** The same, where every line shows whose words they are. */
export function quoteMarkdown(text: string): string {
  return containMarkdown(text)
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

function plainLine(line: string): string {
  const heading = line
    // The page's own sections have two marks at the most.
    .replace(
      /^( {0,3})(#{1,6})(?=[ \t]|$)/,
      (_all, space: string, marks: string) => space + '#'.repeat(Math.min(6, marks.length + 2)),
    )
    // A line under another one makes a heading of it.
    .replace(/^( {0,3})([=-])(?=\2*[ \t]*$)/, '$1\\$2');
  // Inside of code everything stands for itself.
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
