import { createHash } from 'node:crypto';
import { PRIVATE_FILE, readFileBytes, writeFileAtomic } from '../../base/safeFiles';

/** A ledger as an index was made from it. */
export interface IndexedLedger {
  name: string;
  prefix: string;
  /** SHA-256 of its `issues.jsonl`, every line of which could be read. */
  hash: string;
}

/** An index as it was when all ledgers were in their files. */
export interface IndexImage {
  ledgers: readonly IndexedLedger[];
  /** Microseconds since 1970 for which the states hold that change by time alone. */
  at: number;
  /** How many beads of work: the index's own counts, see `WorkCounts`. */
  counts: readonly (readonly [key: string, count: number])[];
  /** An SQLite file. */
  database: Uint8Array;
}

/** Reading a larger index would not be faster than rebuilding it. */
const MAX_BYTES = 2 ** 31;

interface Head extends Omit<IndexImage, 'database'> {
  schema: string;
  /** Of the SQLite file. */
  sha256: string;
}

/**
 * The index of a large town, kept beside it so that the next start needs not read every bead. It is never the truth: it
 * counts only for files of exactly these hashes, and for the program that wrote it.
 *
 * The file: one line of JSON (`Head`), then the SQLite file.
 */
export class IndexCache {
  /** @param schema changes with everything that lets a program understand an index differently, such as its build */
  constructor(
    private readonly file: string,
    private readonly schema: string,
  ) {}

  /** @returns undefined where there is none, or none that this program can use */
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
