import path from 'node:path';
import { isUtf8 } from 'node:buffer';
import { UserError } from '../../base/errors';
import { compareTimes } from '../model/time';
import { decodeLine, forgetDecoded, isStored, type Stored } from './codec';
import {
  byteOrderMark,
  conflictMarker,
  plainId,
  splitLines,
  withoutLineEnd,
  type LedgerText,
  type Line,
} from './ledgerLines';
import { repairHint } from './repairHints';

/**
 * Reads an `issues.jsonl` part by part. Unreadable lines are reported and kept verbatim; only git's conflict markers
 * are refused, because choosing one side would lose the other.
 */
export class LedgerTextReader {
  private readonly lines: Line[] = [];
  private readonly beads = new Map<string, Stored>();
  private readonly places = new Map<string, Line>();
  private readonly problems: LedgerText['problems'][number][] = [];
  private mark = false;
  private newline = '\n';
  private count = 0;
  /** Lines of the beads of the earlier version. */
  private readonly earlier: ReadonlyMap<string, Buffer>;

  /**
   * @param file name of the text in messages
   * @param options.earlier another version of the text: beads whose lines are the same in both are not decoded again
   * @param options.isBeadsOnly for a text that is not written back: its lines are not kept, and no bead is kept decoded
   */
  constructor(
    private readonly file: string,
    private readonly options: { isBeadsOnly?: boolean; earlier?: LedgerText } = {},
  ) {
    const lines = options.earlier?.lines ?? [];
    this.earlier = new Map(lines.flatMap(({ id, bytes }) => (id === undefined ? [] : [[id, bytes]])));
  }

  /** Adds the next part: whole lines, except for the last line of the text. */
  add(bytes: Buffer): void {
    const allValid = isUtf8(bytes);
    let rest = bytes;
    if (this.count === 0 && bytes.subarray(0, 3).equals(byteOrderMark)) {
      this.mark = true;
      rest = bytes.subarray(3);
    }
    for (const line of splitLines(rest)) this.addLine(line, allValid);
  }

  result(): LedgerText {
    const { lines, beads, problems, newline, mark } = this;
    return { lines, beads, problems, newline, mark };
  }

  private addLine(bytes: Buffer, isValid: boolean): void {
    const number = ++this.count;
    const line: Line = { bytes };
    const { isBeadsOnly = false } = this.options;
    if (!isBeadsOnly) this.lines.push(line);
    if (number > 1 && this.addKnown(line, number)) return; // the first line also determines the line end
    // Decoding invalid UTF-8 would replace bytes, which writing it back would lose.
    if (!isValid && !isUtf8(bytes)) {
      this.problems.push({ line: number, reason: 'not valid UTF-8' });
      return;
    }
    const raw = bytes.toString('utf8');
    if (number === 1 && raw.endsWith('\r\n')) this.newline = '\r\n';
    const text = withoutLineEnd(raw);
    if (text.trim() === '') return;
    if (conflictMarker.test(text)) throw conflictError(this.file, number);
    const length = bytes.length - (raw.length - text.length);
    const decoded = decodeLine(text, { bytes, length });
    if (isStored(decoded)) this.addBead(decoded.bead.id, decoded, line, number);
    else if (decoded.kind === 'broken') this.problems.push({ line: number, reason: decoded.reason });
  }

  /** Adds a line of the earlier version without decoding it. @returns whether the earlier version has the same line */
  private addKnown(line: Line, number: number): boolean {
    const id = this.earlier.size > 0 ? plainId(line.bytes) : undefined;
    const stored = id === undefined ? undefined : this.options.earlier?.beads.get(id);
    if (id === undefined || !stored || !this.earlier.get(id)?.equals(line.bytes)) return false;
    this.addBead(id, stored, line, number);
    return true;
  }

  private addBead(id: string, stored: Stored, line: Line, number: number): void {
    const earlier = this.beads.get(id);
    if (earlier) {
      this.problems.push({ line: number, reason: `duplicate of ${id}; the line that was updated last counts` });
      if (compareTimes(stored.bead.updated_at, earlier.bead.updated_at) < 0) return;
      delete this.places.get(id)?.id;
    }
    line.id = id;
    if (!this.options.isBeadsOnly) this.places.set(id, line);
    this.beads.set(id, stored);
    if (this.options.isBeadsOnly) forgetDecoded(stored);
  }
}

function conflictError(file: string, line: number): UserError {
  return new UserError(
    `${file} has git conflict markers (line ${line})`,
    `${repairHint(path.dirname(file))} It keeps the beads of both sides. Or resolve the conflict yourself. Nothing was changed.`,
    'conflict',
  );
}
