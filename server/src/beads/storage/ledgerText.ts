import { decodeLine, isStored, StoredBead, type Stored } from './codec';
import type { LineChanges } from './lineChanges';
import { byteOrderMark, plainId, splitLines, withoutLineEnd, type LedgerText, type Line } from './ledgerLines';
import { LedgerTextReader } from './ledgerTextReader';

export type { LedgerText, LineProblem } from './ledgerLines';

export const emptyText: LedgerText = { lines: [], beads: new Map(), problems: [], newline: '\n', mark: false };

/**
 * Reads the whole file: see `LedgerTextReader`.
 * @param earlier another version of it, with mostly the same lines
 * @throws UserError if it has git's conflict markers
 */
export function parseLedgerText(bytes: Buffer, file = 'issues.jsonl', earlier?: LedgerText): LedgerText {
  const reader = new LedgerTextReader(file, earlier ? { earlier } : {});
  reader.add(bytes);
  return reader.result();
}

/** Order of ids in the file: by their UTF-8 bytes, which is the order of code points. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = rankOf(a.charCodeAt(at)) - rankOf(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Sort key of a UTF-16 unit: surrogates sort after all other units, as their code points do. */
function rankOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * The text of the file with these beads. Lines of unchanged beads and lines that are not beads keep bytes and position,
 * changed ones their position; new ones are inserted in the order of ids, removed beads leave no line.
 */
export function withBeads(template: LedgerText, beads: ReadonlyMap<string, Stored>): LedgerText {
  const changes = new Map<string, string | undefined>();
  for (const id of template.beads.keys()) if (!beads.has(id)) changes.set(id, undefined);
  for (const [id, { text }] of beads) if (template.beads.get(id)?.text !== text) changes.set(id, text);
  return { ...template, lines: withChanges(template, changes), beads: new Map(beads) };
}

/** The lines of the file with these beads changed; undefined removes one. */
export function withChanges({ lines, newline }: Pick<LedgerText, 'lines' | 'newline'>, changes: LineChanges): Line[] {
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
      if (text !== undefined) append({ ...line, bytes: Buffer.from(replaced(line.bytes, text)) });
    }
  }
  appendAddedBefore(undefined);
  return result;
}

/**
 * The beads of a file that was read before without any problem: like `parseLedgerText`, but each bead is decoded only
 * on demand.
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

/** The positions of the beads in a file that was read before without any problem. */
export function* linePlaces(bytes: Buffer): Generator<{ id: string; start: number; length: number }> {
  const mayHoldOthers = mentionsOtherRecords(bytes);
  let start = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  for (const line of splitLines(bytes.subarray(start))) {
    const id = idOfLine(line, mayHoldOthers);
    if (id !== undefined) yield { id, start, length: lengthWithoutLineEnd(line) };
    start += line.length;
  }
}

function lengthWithoutLineEnd(line: Buffer): number {
  if (line.at(-1) !== 10) return line.length;
  return line.length - (line.at(-2) === 13 ? 2 : 1);
}

/** Number of characters of new lines that are encoded at once. */
const PIECE = 1024 * 1024;

/**
 * The result of `withChanges` in pieces, most of which share the file's bytes: for a file that was read before without
 * any problem, in which each bead has one line. Nothing is decoded, and only one piece is in memory.
 * @param added changed beads that have no line in the file
 */
export function* spliceLines(bytes: Buffer, changes: LineChanges, added: ReadonlySet<string>): Generator<Buffer> {
  const start = bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  const first = bytes.indexOf(10);
  const newline = first > 0 && bytes[first - 1] === 13 ? '\r\n' : '\n';
  const inOrder = [...added].sort(compareIds);
  const pieces: Buffer[] = [];
  let fresh = ''; // text after the last piece
  let kept = 0; // everything before this offset is in the pieces
  let isOpen = false; // the last kept line has no line end
  let nextAdded = 0;
  const flush = (): void => {
    if (fresh !== '') pieces.push(Buffer.from(fresh));
    fresh = '';
  };
  const keepUntil = (end: number): void => {
    if (end === kept) return;
    flush();
    pieces.push(bytes.subarray(kept, end));
    kept = end;
    isOpen = end > start && bytes[end - 1] !== 10;
  };
  const addBefore = (id: string | undefined, at: number): boolean => {
    const candidate = inOrder[nextAdded];
    if (candidate === undefined || (id !== undefined && compareIds(candidate, id) > 0)) return false;
    keepUntil(at);
    fresh += (isOpen ? newline : '') + changes.get(candidate)! + newline;
    isOpen = false;
    if (fresh.length >= PIECE) flush();
    nextAdded += 1;
    return true;
  };
  const mayHoldOthers = mentionsOtherRecords(bytes);
  for (let at = start; at < bytes.length; ) {
    const newlineAt = bytes.indexOf(10, at);
    const end = newlineAt < 0 ? bytes.length : newlineAt + 1;
    const id = idOfLine(bytes.subarray(at, end), mayHoldOthers);
    if (id !== undefined) while (addBefore(id, at)) yield* pieces.splice(0);
    if (id !== undefined && changes.has(id)) {
      const text = changes.get(id);
      keepUntil(at);
      kept = end;
      if (text !== undefined) fresh += replaced(bytes.subarray(at, end), text);
      if (fresh.length >= PIECE) flush();
    }
    if (pieces.length > 0) yield* pieces.splice(0);
    at = end;
  }
  while (addBefore(undefined, bytes.length)) yield* pieces.splice(0);
  keepUntil(bytes.length);
  flush();
  yield* pieces;
}

/** Whether any line of the file can be a record that is not a bead. */
function mentionsOtherRecords(bytes: Buffer): boolean {
  return bytes.includes('"_type"') || bytes.includes('"_schema"');
}

function idOfLine(slice: Buffer, mayBeOther: boolean): string | undefined {
  const id = plainId(slice);
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
function replaced(bytes: Buffer, text: string): string {
  return text + (bytes.at(-2) === 13 ? '\r\n' : '\n');
}
