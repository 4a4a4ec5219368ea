import { createHash } from 'node:crypto';
import { readFileBytes, readHead, writeCacheFile } from '../../base/safeFiles';
import { isPresent } from '../../base/safePaths';
import { compareIds } from '../storage/ledgerText';

/** Position of a bead's line in its file, in bytes, without the line end. */
export interface LinePlace {
  start: number;
  length: number;
}

export interface TableEntry extends LinePlace {
  id: string;
}

/** Location of a table. */
export interface TablePlace {
  file: string;
  /** Changes with everything that affects the interpretation of a table, such as the build. */
  schema: string;
}

interface Head {
  schema: string;
  /** Name of the file of beads. */
  issuesFile: string;
  /** Stamp of the files that the table was built from. */
  stamp: string;
  beads: number;
  /** Hash of the bytes after the head. */
  sha256: string;
}

/** Upper bound of the table of any ledger. */
const MAX_BYTES = 2 ** 30;
const WORD = 4;
/** Upper bound of the size of a head. */
const HEAD_BYTES = 2_000;

/**
 * The position of each bead's line, and the beads that depend on it: enough to show a bead without reading all of them.
 * Only a cache: valid for files with exactly this stamp, and for the program that wrote it.
 *
 * The file: one line of JSON (`Head`); then, of n beads in the order of their ids' UTF-8, little-endian words of 32
 * bits: n starts of lines, n lengths, n + 1 starts of ids, n + 1 starts of lists of dependents; then the lists, which
 * contain numbers of beads in this order, one word each; then the ids.
 */
export class BeadTable {
  private readonly count: number;
  private readonly lists: number;
  private readonly ids: number;

  private constructor(
    readonly issuesFile: string,
    readonly stamp: string,
    private readonly words: Buffer,
    count: number,
  ) {
    this.count = count;
    this.lists = 4 * count + 2;
    this.ids = (this.lists + this.word(this.lists - 1)) * WORD;
  }

  /** @returns undefined if there is none that this program can use */
  static read({ file, schema }: TablePlace): BeadTable | undefined {
    const bytes = readFileBytes(file, MAX_BYTES);
    const end = bytes?.indexOf(10) ?? -1;
    if (!bytes || end < 0) return undefined;
    const head = headOf(bytes.toString('utf8', 0, end));
    const words = bytes.subarray(end + 1);
    if (head?.schema !== schema || head.sha256 !== hashOf(words)) return undefined;
    return new BeadTable(head.issuesFile, head.stamp, words, head.beads);
  }

  /** The stamp of a table; undefined if there is none that this program can use. Cheap. */
  static stampOf({ file, schema }: TablePlace): string | undefined {
    const start = isPresent(file) ? readHead(file, HEAD_BYTES) : Buffer.alloc(0);
    const head = headOf(start.toString('utf8', 0, Math.max(start.indexOf(10), 0)));
    return head?.schema === schema ? head.stamp : undefined;
  }

  /** Replaces the table. @param dependentsOf ids of the dependents of a bead, each once */
  static write(
    { file, schema }: TablePlace,
    { stamp, issuesFile }: { stamp: string; issuesFile: string },
    entries: readonly TableEntry[],
    dependentsOf: (id: string) => Iterable<string>,
  ): void {
    const sorted = [...entries].sort((a, b) => compareIds(a.id, b.id));
    const places = new Map<string, number>();
    for (const { id } of sorted) places.set(id, places.size);
    const idStarts = [0];
    const listStarts = [0];
    const lists: number[] = [];
    for (const { id } of sorted) {
      idStarts.push(idStarts.at(-1)! + Buffer.byteLength(id));
      for (const other of dependentsOf(id)) {
        const place = places.get(other);
        if (place !== undefined) lists.push(place);
      }
      listStarts.push(lists.length);
    }
    const words = Buffer.allocUnsafe((2 * sorted.length + idStarts.length + listStarts.length + lists.length) * WORD);
    let at = 0;
    const add = (word: number): void => void (at = words.writeUInt32LE(word, at));
    for (const { start } of sorted) add(start);
    for (const { length } of sorted) add(length);
    for (const list of [idStarts, listStarts, lists]) for (const word of list) add(word);
    const body = Buffer.concat([words, Buffer.from(sorted.map(({ id }) => id).join(''))]);
    const head: Head = { schema, issuesFile, stamp, beads: sorted.length, sha256: hashOf(body) };
    writeCacheFile(file, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]));
  }

  /** Number of a bead in the table; undefined for an id without a bead. */
  find(id: string): number | undefined {
    const key = Buffer.from(id);
    let [low, high] = [0, this.count - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = Buffer.compare(this.keyOf(middle), key);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  lineOf(place: number): LinePlace {
    return { start: this.word(place), length: this.word(this.count + place) };
  }

  /** Numbers of the beads that depend on one, in the order of their ids. */
  dependentsOf(place: number): number[] {
    const starts = 3 * this.count + 1 + place;
    const [start, end] = [this.word(starts), this.word(starts + 1)];
    return Array.from({ length: end - start }, (_, index) => this.word(this.lists + start + index)).sort(
      (a, b) => a - b,
    );
  }

  private keyOf(place: number): Buffer {
    const starts = 2 * this.count + place;
    return this.words.subarray(this.ids + this.word(starts), this.ids + this.word(starts + 1));
  }

  private word(index: number): number {
    return this.words.readUInt32LE(index * WORD);
  }
}

function headOf(line: string): Head | undefined {
  try {
    const head = JSON.parse(line) as Partial<Head> | null;
    const isHead =
      typeof head?.schema === 'string' &&
      typeof head.issuesFile === 'string' &&
      typeof head.stamp === 'string' &&
      typeof head.beads === 'number' &&
      typeof head.sha256 === 'string';
    return isHead ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
