import path from 'node:path';
import { isUtf8 } from 'node:buffer';
import { UserError } from '../../base/errors';
import { decodeLine, isStored, StoredBead, type Stored } from './codec';
import { compareTimes } from '../model/time';
import { repairHint } from './repairHints';

/** Something in the file that is kept as it is but that a person should look at. */
export interface LineProblem {
  line: number;
  reason: string;
}

interface Line {
  /** With its line end, exactly as read. */
  bytes: Buffer;
  /** Set where the line stands for a bead; other lines are kept verbatim. */
  id?: string;
}

/** An `issues.jsonl` as read: its beads, and its lines for writing it back without touching what did not change. */
export interface LedgerText {
  readonly lines: readonly Line[];
  readonly beads: ReadonlyMap<string, Stored>;
  readonly problems: readonly LineProblem[];
  /** Line end for new lines. */
  readonly newline: string;
  /** The file begins with a byte order mark. */
  readonly mark: boolean;
}

export const emptyText: LedgerText = { lines: [], beads: new Map(), problems: [], newline: '\n', mark: false };

export const conflictMarker = /^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads the file. What cannot be read is reported and kept verbatim; only git's conflict markers are
 * refused, because whichever side was taken would lose the other.
 */
export function parseLedgerText(bytes: Buffer, file = 'issues.jsonl'): LedgerText {
  const lines: Line[] = [];
  const beads = new Map<string, Stored>();
  const places = new Map<string, Line>();
  const problems: LineProblem[] = [];
  const decode = textDecoder(bytes);
  const mark = bytes.subarray(0, 3).equals(byteOrderMark);
  let newline = '\n';

  for (const slice of splitLines(mark ? bytes.subarray(3) : bytes)) {
    const number = lines.length + 1;
    const line: Line = { bytes: slice };
    lines.push(line);
    const raw = decode(slice);
    if (raw === undefined) {
      problems.push({ line: number, reason: 'not valid UTF-8' });
      continue;
    }
    if (number === 1 && raw.endsWith('\r\n')) newline = '\r\n';
    const text = withoutLineEnd(raw);
    if (text.trim() === '') continue;
    if (conflictMarker.test(text)) throw conflictError(file, number);
    const decoded = decodeLine(text, { bytes: slice, length: slice.length - (raw.length - text.length) });
    if (!isStored(decoded)) {
      if (decoded.kind === 'broken') problems.push({ line: number, reason: decoded.reason });
      continue;
    }
    const id = decoded.bead.id;
    const earlier = beads.get(id);
    const earlierPlace = places.get(id);
    if (earlier && earlierPlace) {
      problems.push({ line: number, reason: `duplicate of ${id}; the line that was updated last counts` });
      if (compareTimes(decoded.bead.updated_at, earlier.bead.updated_at) < 0) continue;
      delete earlierPlace.id;
    }
    line.id = id;
    places.set(id, line);
    beads.set(id, decoded);
  }
  return { lines, beads, problems, newline, mark };
}

function conflictError(file: string, line: number): UserError {
  return new UserError(
    `${file} has git conflict markers (line ${line})`,
    `${repairHint(path.dirname(file))} It keeps the beads of both sides. Or resolve the conflict yourself. Nothing was changed.`,
    'conflict',
  );
}

/** Text of a slice, or undefined where it is no UTF-8: decoding would replace bytes and writing it back would lose them. */
function textDecoder(all: Buffer): (slice: Buffer) => string | undefined {
  const allValid = isUtf8(all);
  return (slice) => (allValid || isUtf8(slice) ? slice.toString('utf8') : undefined);
}

function withoutLineEnd(text: string): string {
  return text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text;
}

export function* splitLines(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    const next = end < 0 ? bytes.length : end + 1;
    yield bytes.subarray(start, next);
    start = next;
  }
}

/** Order of ids in the file: by their UTF-8 bytes, which is the order of code points. */
export function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * The file with these beads. Lines of unchanged beads and lines that are not beads keep bytes and place,
 * changed ones their place; new ones go where the order by id puts them, beads that are gone leave no line.
 */
export function withBeads(template: LedgerText, beads: ReadonlyMap<string, Stored>): LedgerText {
  const changes = new Map<string, string | undefined>();
  for (const id of template.beads.keys()) if (!beads.has(id)) changes.set(id, undefined);
  for (const [id, { text }] of beads) if (template.beads.get(id)?.text !== text) changes.set(id, text);
  return { ...template, lines: withChanges(template, changes), beads: new Map(beads) };
}

/** The lines of the file with these beads changed; undefined for one that is gone. */
export function withChanges(
  { lines, newline }: Pick<LedgerText, 'lines' | 'newline'>,
  changes: ReadonlyMap<string, string | undefined>,
): Line[] {
  const present = new Set(lines.flatMap(({ id }) => (id !== undefined && changes.has(id) ? [id] : [])));
  const added = [...changes].filter(([id, text]) => text !== undefined && !present.has(id)).map(([id]) => id);
  added.sort(compareIds);
  const result: Line[] = [];
  let nextAdded = 0;
  const append = (line: Line): void => {
    const last = result.at(-1);
    if (last && last.bytes.at(-1) !== 10)
      result[result.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, Buffer.from(newline)]) };
    result.push(line);
  };
  const appendAddedBefore = (id: string | undefined): void => {
    for (; nextAdded < added.length; nextAdded++) {
      const candidate = added[nextAdded] as string;
      if (id !== undefined && compareIds(candidate, id) > 0) return;
      append({ bytes: Buffer.from(changes.get(candidate)! + newline), id: candidate });
    }
  };
  for (const line of lines) {
    if (line.id !== undefined) appendAddedBefore(line.id);
    if (line.id === undefined || !changes.has(line.id)) append(line);
    else {
      const text = changes.get(line.id);
      if (text !== undefined) append({ ...line, bytes: replaced(line.bytes, text) });
    }
  }
  appendAddedBefore(undefined);
  return result;
}

/**
 * The beads of a file that was read before without any problem: as `parseLedgerText` would give them, but nothing is decoded
 * before somebody asks for it.
 */
export function readSoundText(bytes: Buffer): Pick<LedgerText, 'beads' | 'problems'> {
  const beads = new Map<string, Stored>();
  const mayHoldOthers = mentionsOtherRecords(bytes);
  for (const line of splitLines(bytes.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes)) {
    const id = idOfLine(line, mayHoldOthers);
    if (id !== undefined) beads.set(id, new StoredBead(line, lengthWithoutLineEnd(line)));
  }
  return { beads, problems: [] };
}

function lengthWithoutLineEnd(line: Buffer): number {
  if (line.at(-1) !== 10) return line.length;
  return line.length - (line.at(-2) === 13 ? 2 : 1);
}

/** A line as our own writer begins it: the id stands first and needs no decoding. */
const MAX_PLAIN = 100;
const plainLine = /^\{"id":"([\x20-\x21\x23-\x5b\x5d-\x7e]+)",/;

/**
 * What `withChanges` would give, as pieces that share the file's bytes: for a file that was read before without any problem,
 * in which each bead has one line. Nothing is decoded, and no more is held than the changes.
 * @param isNew whether the file has no line of this bead
 */
export function spliceLines(
  bytes: Buffer,
  changes: ReadonlyMap<string, string | undefined>,
  isNew: (id: string) => boolean,
): Buffer[] {
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  const first = bytes.indexOf(10);
  const newline = first > 0 && bytes[first - 1] === 13 ? '\r\n' : '\n';
  const added = [...changes].filter(([id, text]) => text !== undefined && isNew(id)).map(([id]) => id);
  added.sort(compareIds);
  const pieces: Buffer[] = [];
  let kept = 0; // everything before it is in the pieces
  let nextAdded = 0;
  const keepUntil = (end: number): void => {
    if (end > kept) pieces.push(bytes.subarray(kept, end));
    kept = end;
  };
  const addBefore = (id: string | undefined, at: number): void => {
    for (; nextAdded < added.length; nextAdded++) {
      const candidate = added[nextAdded]!;
      if (id !== undefined && compareIds(candidate, id) > 0) return;
      keepUntil(at);
      const last = pieces.at(-1);
      if (last && last.at(-1) !== 10 && !last.equals(byteOrderMark)) pieces.push(Buffer.from(newline));
      pieces.push(Buffer.from(changes.get(candidate)! + newline));
    }
  };
  const mayHoldOthers = mentionsOtherRecords(bytes);
  for (let at = start; at < bytes.length; ) {
    const newlineAt = bytes.indexOf(10, at);
    const end = newlineAt < 0 ? bytes.length : newlineAt + 1;
    const id = idOfLine(bytes.subarray(at, end), mayHoldOthers);
    if (id !== undefined) addBefore(id, at);
    if (id !== undefined && changes.has(id)) {
      const text = changes.get(id);
      keepUntil(at);
      kept = end;
      if (text !== undefined) pieces.push(replaced(bytes.subarray(at, end), text));
    }
    at = end;
  }
  addBefore(undefined, bytes.length);
  keepUntil(bytes.length);
  return pieces;
}

/** Whether any line of the file can be a record that is not a bead. */
function mentionsOtherRecords(bytes: Buffer): boolean {
  return bytes.includes('"_type"') || bytes.includes('"_schema"');
}

function idOfLine(slice: Buffer, mayBeOther: boolean): string | undefined {
  const id = plainLine.exec(slice.toString('latin1', 0, MAX_PLAIN))?.[1];
  if (id !== undefined && !(mayBeOther && mentionsOtherRecords(slice))) return id;
  const text = withoutLineEnd(slice.toString('utf8'));
  const decoded = text.trim() === '' ? undefined : decodeLine(text);
  return decoded && isStored(decoded) ? decoded.bead.id : undefined;
}

export function bytesOf(text: Pick<LedgerText, 'lines' | 'mark'>): Buffer {
  const lines = text.lines.map((line) => line.bytes);
  return Buffer.concat(text.mark ? [byteOrderMark, ...lines] : lines);
}

/** A changed line keeps its line end. */
function replaced(bytes: Buffer, text: string): Buffer {
  return Buffer.from(text + (bytes.at(-2) === 13 ? '\r\n' : '\n'));
}
