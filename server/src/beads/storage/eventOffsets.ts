/** A part of a file, in bytes. */
export interface FilePart {
  start: number;
  length: number;
}

/** Position of a line of an event log. */
interface Line extends FilePart {
  /** Counts up with each rotation: the file that is written has the highest number. */
  generation: number;
}

const KEY = Buffer.from('"bead":"');
const QUOTE = 34;
const NEWLINE = 10;

/**
 * Positions of the events of each bead in the files of an event log. The files are scanned once; after that each
 * written line is added.
 */
export class EventOffsets {
  /** Generation, start and length of each line by bead, oldest first. */
  private readonly lines = new Map<string, number[]>();

  add(bead: string, line: Line): void {
    const known = this.lines.get(bead);
    if (known) known.push(line.generation, line.start, line.length);
    else this.lines.set(bead, [line.generation, line.start, line.length]);
  }

  /** Adds the lines of a file. Files are added oldest first. */
  addFile(generation: number, bytes: Buffer): void {
    // Within a string a quote would be escaped, so these bytes are a key. The reader of the line checks its bead.
    for (let at = bytes.indexOf(KEY); at !== -1; ) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end === -1) return; // torn, and not the only copy
      const start = bytes.lastIndexOf(NEWLINE, at) + 1;
      const id = at + KEY.length;
      this.add(bytes.toString('utf8', id, bytes.indexOf(QUOTE, id)), { generation, start, length: end - start });
      at = bytes.indexOf(KEY, end);
    }
  }

  /** The last lines of a bead, newest first. @param limit 0 for all */
  newestFirst(bead: string, limit: number): Line[] {
    const numbers = this.lines.get(bead) ?? [];
    const found: Line[] = [];
    for (let at = numbers.length - 3; at >= 0 && (limit === 0 || found.length < limit); at -= 3)
      found.push({ generation: numbers[at]!, start: numbers[at + 1]!, length: numbers[at + 2]! });
    return found;
  }

  /** Forgets the lines of files that were removed. */
  forgetBefore(generation: number): void {
    for (const [bead, numbers] of this.lines) {
      let keep = 0;
      while (keep < numbers.length && numbers[keep]! < generation) keep += 3;
      if (keep === numbers.length) this.lines.delete(bead);
      else if (keep > 0) numbers.splice(0, keep);
    }
  }
}
