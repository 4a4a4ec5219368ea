import type { Span, StringStyle, StringValue, SyntaxProblem } from './nodes';

const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const simple: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' };

/** The quotes that open a string, and the resulting style. */
export function styleAt(text: string, start: number, multiLine: boolean): StringStyle {
  const literal = text[start] === "'";
  const triple = multiLine && text.startsWith(literal ? "'''" : '"""', start);
  if (triple) return literal ? 'multi-literal' : 'multi-basic';
  return literal ? 'literal' : 'basic';
}

/** End of a string's content, and whether it is closed there. */
export interface Extent {
  contentEnd: number;
  closed: boolean;
}

/** Extent of a one-line string, which ends with the line if it is not closed. */
export function singleExtent(text: string, start: number): Extent {
  const quote = text.charCodeAt(start);
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return { contentEnd: at, closed: true };
    if (code === 10) return { contentEnd: text.charCodeAt(at - 1) === 13 ? at - 1 : at, closed: false };
    if (code === 92 && quote === 34 && text.charCodeAt(at + 1) !== 10 && text.charCodeAt(at + 1) !== 13) at++;
  }
  return { contentEnd: text.length, closed: false };
}

/** Extent of a multi-line string: to the first three unescaped quotes; up to two more quotes belong to the content. */
export function multiExtent(text: string, start: number): Extent {
  const quotes = text.slice(start, start + 3);
  for (let at = text.indexOf(quotes, start + 3); at >= 0; at = text.indexOf(quotes, at + 1)) {
    if (quotes === '"""' && isEscaped(text, start + 3, at)) continue;
    let end = at;
    while (end < at + 2 && text[end + 3] === quotes[0]) end++;
    return { contentEnd: end, closed: true };
  }
  return { contentEnd: text.length, closed: false };
}

function isEscaped(text: string, from: number, at: number): boolean {
  let slashes = 0;
  while (at - slashes - 1 >= from && text[at - slashes - 1] === '\\') slashes++;
  return slashes % 2 === 1;
}

/** Parses the content of a string. Problems are reported, and the rest is still parsed. */
export function readString(
  text: string,
  start: number,
  style: StringStyle,
  extent: Extent,
  report: (problem: SyntaxProblem) => void,
): StringValue {
  const width = style.startsWith('multi') ? 3 : 1;
  const content = { start: start + width, end: Math.max(extent.contentEnd, start + width) };
  if (width === 3) content.start += text.startsWith('\r\n', content.start) ? 2 : text[content.start] === '\n' ? 1 : 0;
  content.end = Math.max(content.end, content.start);
  const end = extent.closed ? extent.contentEnd + width : content.end;
  const raw = text.slice(content.start, content.end);
  const control = controls.exec(raw) ?? /\r(?!\n)/.exec(raw);
  if (control) {
    const at = content.start + control.index;
    report({
      start: at,
      end: at + 1,
      code: 'toml-string',
      message:
        'Control characters are not allowed in strings; remove it, or write it as \\uXXXX in a string in double quotes.',
    });
  }
  const node: StringValue = { kind: 'string', style, closed: extent.closed, start, end, content, value: raw };
  const escapes = (style === 'basic' || style === 'multi-basic') && raw.includes('\\');
  return escapes || raw.includes('\r\n') ? { ...node, ...unescape(text, content, escapes, width === 3, report) } : node;
}

/** Resolves escapes. All line ends become LF. */
function unescape(
  text: string,
  content: Span,
  escapes: boolean,
  multi: boolean,
  report: (problem: SyntaxProblem) => void,
): { value: string; offsets: number[] } {
  const units: string[] = [];
  const offsets: number[] = [];
  const add = (unit: string, at: number): void => {
    units.push(unit);
    for (let index = 0; index < unit.length; index++) offsets.push(at);
  };
  for (let at = content.start; at < content.end; ) {
    if (text[at] !== '\\' || !escapes) {
      const isBreak = text.startsWith('\r\n', at);
      add(isBreak ? '\n' : text[at]!, at);
      at += isBreak ? 2 : 1;
      continue;
    }
    const fold = multi ? lineFold(text, at, content.end) : undefined;
    if (fold !== undefined) {
      at = fold;
      continue;
    }
    const { unit, length, known } = escape(text, at, content.end);
    if (!known)
      report({
        start: at,
        end: at + length,
        code: 'toml-string',
        message: `${JSON.stringify(text.slice(at, at + length))
          .slice(1, -1)
          .replaceAll(
            '\\\\',
            '\\',
          )} is not an escape; write \\\\ for a backslash, or use single quotes, in which nothing is escaped.`,
      });
    add(unit, at);
    at += length;
  }
  return { value: units.join(''), offsets };
}

/** End of the white space that a backslash at the end of a line removes. */
function lineFold(text: string, at: number, end: number): number | undefined {
  let next = at + 1;
  while (next < end && (text[next] === ' ' || text[next] === '\t')) next++;
  if (text[next] !== '\n' && !text.startsWith('\r\n', next)) return undefined;
  while (next < end && /\s/.test(text[next]!)) next++;
  return next;
}

function escape(text: string, at: number, end: number): { unit: string; length: number; known: boolean } {
  const letter = text[at + 1] ?? '';
  const digits = letter === 'u' ? 4 : letter === 'U' ? 8 : 0;
  if (digits > 0) {
    const hex = text.slice(at + 2, Math.min(at + 2 + digits, end));
    const code = parseInt(hex, 16);
    const isScalar =
      new RegExp(`^[0-9A-Fa-f]{${digits}}$`).test(hex) && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (isScalar) return { unit: String.fromCodePoint(code), length: 2 + digits, known: true };
    return {
      unit: '\ufffd',
      length: Math.min(2 + (/^[0-9A-Fa-f]*/.exec(hex)?.[0].length ?? 0), end - at),
      known: false,
    };
  }
  const unit = Object.hasOwn(simple, letter) ? simple[letter] : undefined;
  return unit === undefined
    ? { unit: letter, length: Math.min(2, end - at), known: false }
    : { unit, length: 2, known: true };
}
