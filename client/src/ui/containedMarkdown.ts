/**
 * Makes untrusted Markdown safe inside a page: it cannot imitate a section of the page or hide the following text, and
 * contains no HTML, images or command links. Pure.
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

/** Like `containMarkdown`, as a block quote. */
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
    // A line of `=` or `-` turns the line before it into a heading.
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
