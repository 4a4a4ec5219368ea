import path from 'node:path';
import { UserError } from '../../base/errors';
import { commonPrefix } from '../model/ids';
import { hashOf, readBase } from './checkpointFile';
import type { Stored } from './codec';
import type { LedgerFs } from './ledgerFs';
import { parseLedgerText, readSoundText, type LedgerText } from './ledgerText';
import { withoutConflictMarkers } from './repair';

/** The beads of `issues.jsonl` and of its base, as they are on disk when a ledger is opened. */
export interface LedgerFiles {
  /** The file; the last checkpoint if the file was emptied or removed. */
  text: Pick<LedgerText, 'beads' | 'problems'>;
  /** Hash of the file itself; empty if there is none. */
  hash: string;
  /** Stamp of the file. */
  stamp: string | undefined;
  /** Why only a part of it could be read. */
  damage: UserError | undefined;
  /** Content of the last checkpoint, and the number of the last journal record in it. */
  base: { seq: number; beads: ReadonlyMap<string, Stored> } | undefined;
  /** The file was emptied or removed, presumably by accident. */
  isLost: boolean;
  /** The text equals that of the last checkpoint. */
  isUnchanged: boolean;
  /** A crash happened between writing the file and its base. */
  isUnfinished: boolean;
}

/**
 * Reads the files. @param soundHash hash of a file whose lines were all readable: then none has to be decoded again
 * @param tolerant reads both sides of a conflict too; `damage` then is set
 * @throws UserError `conflict` for a file with git's conflict markers, unless `tolerant`
 */
export function readLedgerFiles(
  fs: LedgerFs,
  directory: string,
  file: string,
  { soundHash, tolerant = false }: { soundHash?: string | undefined; tolerant?: boolean | undefined },
): LedgerFiles {
  const stamp = fs.stamp(file);
  const bytes = fs.read(file);
  const hash = bytes ? hashOf(bytes) : '';
  const { base, unfinished } = readBase(fs, directory, bytes && { bytes, hash });
  const isLost = base !== undefined && base.bytes.length > 0 && isBlank(bytes);
  const present = isLost ? base.bytes : (bytes ?? Buffer.alloc(0));
  const isSound = present === bytes && hash === soundHash;
  const { text, damage } = isSound ? { text: readSoundText(present) } : parseTolerantly(present, file, tolerant);
  const isUnchanged = base !== undefined && (base.bytes === present || present.equals(base.bytes));
  const baseText = isUnchanged ? text : base && parseLedgerText(base.bytes, 'base.jsonl');
  return {
    text,
    hash,
    stamp,
    damage,
    base: base && baseText && { seq: base.seq, beads: baseText.beads },
    isLost,
    isUnchanged,
    isUnfinished: unfinished,
  };
}

/** Parses the file; if it has git's conflict markers and `tolerant` is set, the lines of both sides are read. */
function parseTolerantly(
  bytes: Buffer,
  file: string,
  tolerant: boolean,
): { text: LedgerText; damage?: UserError | undefined } {
  try {
    return { text: parseLedgerText(bytes, file) };
  } catch (error) {
    if (!tolerant || !(error instanceof UserError)) throw error;
    return { text: parseLedgerText(withoutConflictMarkers(bytes), file), damage: error };
  }
}

/** A file without a single line. */
export function isBlank(bytes: Buffer | undefined): boolean {
  return !bytes || (bytes.length < 1_000 && bytes.toString('latin1').trim() === '');
}

/**
 * The prefix of a folder whose configuration has none: that of most of its beads, else the name of the folder above.
 */
export function guessPrefix(directory: string, ids: Iterable<string>): string {
  return commonPrefix(ids) ?? path.basename(path.dirname(directory));
}
