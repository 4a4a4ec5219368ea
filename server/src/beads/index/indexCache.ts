import { createHash } from 'node:crypto';
import { PRIVATE_FILE, readFileBytes, writeFileAtomic } from '../../base/safeFiles';

/** A ledger as it was when an index was built. */
export interface IndexedLedger {
  name: string;
  prefix: string;
  /** SHA-256 of its `issues.jsonl`, all lines of which were readable. */
  hash: string;
}

/** A stored index of ledgers without unwritten changes. */
export interface IndexImage {
  ledgers: readonly IndexedLedger[];
  /** Time of the states that change only with time, in microseconds since 1970. */
  at: number;
  /** Numbers of workable beads: the index's own counts, see `WorkCounts`. */
  counts: readonly (readonly [key: string, count: number])[];
  /** An SQLite file. */
  database: Uint8Array;
}

/** Reading a larger index would not be faster than rebuilding it. */
const MAX_BYTES = 2 ** 31;

interface Head extends Omit<IndexImage, 'database'> {
  schema: string;
  /** Hash of the SQLite file. */
  sha256: string;
}

/**
 * The index of a large town, stored next to it so that the next start need not read every bead. Only a cache: valid for
 * files with exactly these hashes, and for the program that wrote it.
 *
 * The file: one line of JSON (`Head`), then the SQLite file.
 */
export class IndexCache {
  /** @param schema changes with everything that affects the interpretation of an index, such as the build */
  constructor(
    private readonly file: string,
    private readonly schema: string,
  ) {}

  /** @returns undefined if there is none that this program can use */
  read(): IndexImage | undefined {
    const bytes = readFileBytes(this.file, MAX_BYTES);
    if (!bytes) return undefined;
    const end = bytes.indexOf(10);
    const head = headOf(bytes.toString('utf8', 0, Math.max(end, 0)));
    const database = bytes.subarray(end + 1);
    if (head?.schema !== this.schema || head.sha256 !== sha256(database)) return undefined;
    return { ledgers: head.ledgers, at: head.at, counts: head.counts, database };
  }

  write({ database, ...described }: IndexImage): void {
    const head: Head = { schema: this.schema, sha256: sha256(database), ...described };
    writeFileAtomic(this.file, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), database]), PRIVATE_FILE);
  }
}

function headOf(line: string): Head | undefined {
  try {
    const head = JSON.parse(line) as Partial<Head> | null;
    const isHead =
      typeof head?.schema === 'string' &&
      typeof head.at === 'number' &&
      typeof head.sha256 === 'string' &&
      Array.isArray(head.counts) &&
      Array.isArray(head.ledgers);
    return isHead ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
