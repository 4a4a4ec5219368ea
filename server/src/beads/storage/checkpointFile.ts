import path from 'node:path';
import { createHash } from 'node:crypto';
import { UserError } from '../../base/errors';
import { ensureIgnored } from './ledgerConfig';
import { replaceFile, storageError, writeDurably, type LedgerFs } from './ledgerFs';
import type { LineChanges } from './lineChanges';
import { bytesOf, parseLedgerText, spliceLines, withChanges, type LedgerText } from './ledgerText';

/** Data of a checkpoint: the beads of one ledger that changed since its file was last written or read. */
export interface CheckpointJob {
  directory: string;
  issuesFile: string;
  /** Hash of the file as it was last read or written; empty if there was none. */
  hash: string;
  /** Number of the last journal record that the file then contains. */
  seq: number;
  changes: LineChanges;
  /** The changed beads that have no line in the file yet. */
  added: ReadonlySet<string>;
  /** All lines of the file were readable, so none has to be decoded again. */
  isSound: boolean;
}

/** A copy of a job that can be sent to another thread. */
export function forThread(job: CheckpointJob): CheckpointJob {
  return { ...job, changes: new Map(job.changes) };
}

/** `changed`: another program has written the file, and nothing was done: its changes have to be merged in first. */
export type CheckpointResult = { kind: 'written'; hash: string } | { kind: 'changed' };

/** Where checkpoints are written: in this thread, or in a worker thread. */
export interface CheckpointWriter {
  write(job: CheckpointJob): Promise<CheckpointResult>;
}

/** The text of the last checkpoint, and the number of the last record that it contains. */
export interface Base {
  seq: number;
  bytes: Buffer;
}

const baseSchema = 'gastown-base/1';

/** Writes a checkpoint. @throws UserError if the disk fails; then the file and its base are the old or the new ones */
export async function writeCheckpoint(fs: LedgerFs, job: CheckpointJob): Promise<CheckpointResult> {
  try {
    const current = fs.read(job.issuesFile) ?? Buffer.alloc(0);
    const isThere = current.length > 0 || job.hash !== '';
    if (isThere && hashOf(current) !== job.hash) return { kind: 'changed' };
    const whole = job.isSound ? undefined : changedPieces(parseLedgerText(current, job.issuesFile), job.changes);
    const pieces = (): Iterable<Buffer> => whole ?? spliceLines(current, job.changes, job.added);
    return { kind: 'written', hash: await writeText(fs, { ...job, pieces, current }) };
  } catch (error) {
    throw storageError(error, job.issuesFile);
  }
}

function changedPieces(text: LedgerText, changes: CheckpointJob['changes']): Buffer[] {
  return [bytesOf({ mark: text.mark, lines: withChanges(text, changes) })];
}

/**
 * Writes the file and its base in this order, each step durable before the next, so that a crash at any point loses and
 * repeats nothing: `base.next.jsonl` (new text and the number of its last record) → `issues.jsonl` → `base.next.jsonl`
 * becomes `base.jsonl`. A `base.next.jsonl` counts as the base exactly if `issues.jsonl` has its text, that is, if the
 * crash came after the second step.
 * @param options.pieces produces the text again with each call, so that a large one is never in memory as a whole
 * @param options.current the file as it is; it is left alone if it has the text already
 * @returns the hash of the text
 */
export async function writeText(
  fs: LedgerFs,
  options: { directory: string; issuesFile: string; seq: number; pieces: () => Iterable<Buffer>; current: Buffer },
): Promise<string> {
  const { directory, issuesFile, seq, pieces, current } = options;
  const stamp = fs.stamp(issuesFile);
  fs.makeDirectory(directory); // the folder may have been removed
  await ensureIgnored(fs, directory);
  const next = path.join(directory, 'base.next.jsonl');
  const text = new TextDigest(current);
  const head = (): Buffer => Buffer.from(`${JSON.stringify({ _schema: baseSchema, seq, sha256: text.hash })}\n`);
  await writeDurably(fs, next, withHead(head(), text.following(pieces())), head);
  const { hash } = text;
  if (stamp === undefined || !text.isKnown)
    await replaceFile(fs, issuesFile, pieces(), () => refuseIfChanged(fs, issuesFile, stamp, current));
  fs.rename(next, path.join(directory, 'base.jsonl'));
  await fs.syncDirectory(directory);
  return hash;
}

/** Computes the hash of a text in chunks, and compares it with a known text. */
class TextDigest {
  /**
   * An impossible hash until all of the text has been seen: a head that a crash leaves then matches no file, not even
   * an empty one.
   */
  hash = '-'.repeat(64);
  isKnown = false;

  constructor(private readonly known: Buffer) {}

  *following(pieces: Iterable<Buffer>): Generator<Buffer> {
    const digest = createHash('sha256');
    let at = 0;
    let isSame = true;
    for (const piece of pieces) {
      digest.update(piece);
      isSame &&= this.known.subarray(at, at + piece.length).equals(piece);
      at += piece.length;
      yield piece;
    }
    this.hash = digest.digest('hex');
    this.isKnown = isSame && at === this.known.length;
  }
}

function* withHead(head: Buffer, pieces: Iterable<Buffer>): Generator<Buffer> {
  yield head;
  yield* pieces;
}

function refuseIfChanged(fs: LedgerFs, file: string, stamp: string | undefined, expected: Buffer): void {
  if (fs.stamp(file) === stamp) return;
  if ((fs.read(file) ?? Buffer.alloc(0)).equals(expected)) return;
  throw new UserError(`${file} was changed by another program in the meantime`, 'Try again.', 'conflict');
}

export function hashOf(...pieces: Buffer[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

interface BaseHead {
  seq: number;
  sha256: string;
  body: Buffer;
}

function readHead(bytes: Buffer | undefined): BaseHead | undefined {
  const headEnd = bytes?.indexOf(10) ?? -1;
  if (!bytes || headEnd < 0) return undefined;
  try {
    const head = JSON.parse(bytes.toString('utf8', 0, headEnd)) as {
      _schema?: unknown;
      seq?: unknown;
      sha256?: unknown;
    };
    if (head._schema !== baseSchema || typeof head.seq !== 'number' || typeof head.sha256 !== 'string')
      return undefined;
    return { seq: head.seq, sha256: head.sha256, body: bytes.subarray(headEnd + 1) };
  } catch {
    return undefined;
  }
}

/**
 * Reads the base. @param issues the file as it is, with its hash: a base with the same text need not be checked
 * separately
 * @returns the base; `unfinished` if a crash happened between writing the file and renaming the base
 */
export function readBase(
  fs: LedgerFs,
  directory: string,
  issues: { bytes: Buffer; hash: string } | undefined,
): { base: Base | undefined; unfinished: boolean } {
  const isWhole = (head: BaseHead | undefined): head is BaseHead =>
    head !== undefined &&
    (head.sha256 === issues?.hash ? head.body.length === issues.bytes.length : hashOf(head.body) === head.sha256);
  const base = readHead(fs.read(path.join(directory, 'base.jsonl')));
  const known = isWhole(base) ? base : undefined;
  const next = readHead(fs.read(path.join(directory, 'base.next.jsonl')));
  const unfinished =
    next !== undefined && next.seq >= (known?.seq ?? -1) && next.sha256 === issues?.hash && isWhole(next);
  const head = unfinished ? next : known;
  // A base with the text of the file shares its bytes.
  const bytes = head && head.sha256 === issues?.hash ? issues.bytes : head?.body;
  return { base: head && bytes && { seq: head.seq, bytes }, unfinished };
}
