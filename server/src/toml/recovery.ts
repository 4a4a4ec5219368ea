import type { Extent } from './strings';

/** Decides by the shape of lines where an unclosed string or array ends. Used only for documents with errors. */

const name = '(?:[\\w-]+|"[^"\\n]*"|\'[^\'\\n]*\')';
const statement = new RegExp(`[ \\t]*${name}(?:[ \\t]*\\.[ \\t]*${name})*[ \\t]*=`, 'y');
/** Code and prose within a string may look like a statement, so this pattern is stricter. */
const assignment = /^[A-Za-z_][\w-]*(?:\.[\w-]+)* = (?:["'[{]|true\b|false\b|\d)/;
const header =
  /^[ \t]*\[(?:\[[ \t]*[A-Za-z_]|[ \t]*(?!(?:true|false|inf|nan)[ \t]*\])[A-Za-z_][\w-]*(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"]*"))*[ \t]*\][ \t]*(?:#.*)?$)/;
const opensText = /^[ \t]*[\w-]+(?:\.[\w-]+)*[ \t]*=[ \t]*$/;

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : text[end - 1] === '\r' ? end - 1 : end);
}

/** Whether the line that starts here is a separate statement. */
export function startsStatement(text: string, lineStart: number): boolean {
  statement.lastIndex = lineStart;
  return statement.test(text) || header.test(lineAt(text, lineStart));
}

/**
 * A multi-line string that is not closed ends before the next table. A string whose closing quotes actually open the
 * next one (`description = """`) is not closed either.
 */
export function recoveredExtent(text: string, start: number, extent: Extent): Extent {
  const lineStart = text.lastIndexOf('\n', extent.contentEnd - 1) + 1;
  const isOpening = lineStart > start && opensText.test(text.slice(lineStart, extent.contentEnd));
  if (extent.closed && !isOpening) return extent;
  const stop = nextStatement(text, start, extent.closed ? extent.contentEnd : text.length);
  return stop === undefined ? extent : { contentEnd: text[stop - 1] === '\r' ? stop - 1 : stop, closed: false };
}

/** The line end before the first table within a range, else before the first assignment. */
function nextStatement(text: string, start: number, end: number): number | undefined {
  let first: number | undefined;
  for (let at = text.indexOf('\n', start); at >= 0 && at + 1 < end; at = text.indexOf('\n', at + 1)) {
    const line = lineAt(text, at + 1);
    if (header.test(line)) return at;
    if (first === undefined && assignment.test(line)) first = at;
  }
  return first;
}
