import type { Stored } from './codec';

/** A problem of a line that is kept as it is, but that the user should check. */
export interface LineProblem {
  line: number;
  reason: string;
}

export interface Line {
  /** The line with its end, exactly as read. */
  bytes: Buffer;
  /** Set if the line is a bead; other lines are kept verbatim. */
  id?: string;
}

/** An `issues.jsonl` as read: its beads, and its lines for writing it back with unchanged lines untouched. */
export interface LedgerText {
  readonly lines: readonly Line[];
  readonly beads: ReadonlyMap<string, Stored>;
  readonly problems: readonly LineProblem[];
  /** Line end for new lines. */
  readonly newline: string;
  /** The file starts with a byte order mark. */
  readonly mark: boolean;
}

export const conflictMarker = /^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/;
export const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

export function withoutLineEnd(text: string): string {
  return text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** The id of a line in the form of our own writer, which puts the id first: it needs no decoding. */
export function plainId(line: Buffer): string | undefined {
  return plainLine.exec(line.toString('latin1', 0, MAX_PLAIN))?.[1];
}

const MAX_PLAIN = 100;
const plainLine = /^\{"id":"([\x20-\x21\x23-\x5b\x5d-\x7e]+)",/;

export function* splitLines(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    const next = end < 0 ? bytes.length : end + 1;
    yield bytes.subarray(start, next);
    start = next;
  }
}
