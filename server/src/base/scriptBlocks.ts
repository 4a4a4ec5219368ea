import { UserError } from './errors';

interface Fence {
  character: '`' | '~';
  length: number;
  /** White space before the fence, which is removed from the lines. */
  indent: number;
  runs: boolean;
  line: number;
}

const opening = /^([ \t]*)(`{3,}|~{3,})[ \t]*(.*)$/;

/**
 * The ```` ```sh ```` blocks of a markdown text, in order, each ending with a newline. Blocks inside another block (an
 * example of how to write one) are not run. Empty blocks are left out. Pure.
 * @throws UserError for a block that is not closed: running half of a text would be worse than running none
 */
export function scriptBlocks(markdown: string): string[] {
  const blocks: string[] = [];
  let fence: Fence | undefined;
  let lines: string[] = [];
  for (const [index, line] of markdown.split(/\r\n|\n|\r/).entries()) {
    if (!fence) {
      fence = openingFence(line, index + 1);
      lines = [];
    } else if (closes(line, fence)) {
      if (fence.runs && lines.some((text) => text.trim() !== '')) blocks.push(`${lines.join('\n')}\n`);
      fence = undefined;
    } else {
      lines.push(unindent(line, fence.indent));
    }
  }
  // An unclosed block of another kind may have swallowed one to run.
  if (fence && (fence.runs || lines.some((line) => openingFence(line, 0)?.runs))) {
    throw new UserError(
      `the script block that starts in line ${fence.line} is not closed`,
      'End it with a line of three backticks.',
    );
  }
  return blocks;
}

function openingFence(line: string, number: number): Fence | undefined {
  const match = opening.exec(line);
  const [, indent = '', mark = '', info = ''] = match ?? [];
  // An info string of backticks cannot hold one: that is code within a line.
  if (!match || (mark.startsWith('`') && info.includes('`'))) return undefined;
  return {
    character: mark.startsWith('`') ? '`' : '~',
    length: mark.length,
    indent: indent.length,
    runs: info.trim().split(/\s+/)[0] === 'sh',
    line: number,
  };
}

function closes(line: string, fence: Fence): boolean {
  const text = line.trim();
  return text.length >= fence.length && [...text].every((character) => character === fence.character);
}

/** Takes off at most as much white space as the fence itself had. */
function unindent(line: string, indent: number): string {
  const space = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  return line.slice(Math.min(space, indent));
}
