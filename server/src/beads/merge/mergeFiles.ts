import { UserError } from '../../base/errors';
import { readFileBytes, writeFileAtomic } from '../../base/safeFiles';
import { MAX_LEDGER_BYTES } from '../storage/ledgerFs';
import { bytesOf, parseLedgerText, withBeads, type LineProblem } from '../storage/ledgerText';
import { mergeBeads } from './merge';

/** A side that git has no version of is an empty file. */
function readLedgerFile(file: string): Buffer {
  const bytes = readFileBytes(file, MAX_LEDGER_BYTES);
  if (!bytes) throw new UserError(`there is no file ${file}`, undefined, 'not-found');
  return bytes;
}

/**
 * The git merge driver: three versions of an `issues.jsonl` become one.
 * @returns `unreadable`: lines of the two sides that are no beads; they are kept, and a person must look at them
 */
export function mergeFiles(
  output: string,
  base: string,
  left: string,
  right: string,
  now: Date,
): { count: number; unreadable: number } {
  const [before, ours, theirs] = [base, left, right].map((file) => parseLedgerText(readLedgerFile(file), file));
  if (!before || !ours || !theirs) throw new Error('three files are needed');
  const merged = mergeBeads(before.beads, ours.beads, theirs.beads, now);
  // Lines that nobody could read are kept from both sides; those of the base are in ours already.
  const known = new Set(
    [...before.lines, ...ours.lines]
      .filter((line) => line.id === undefined)
      .map((line) => line.bytes.toString('latin1')),
  );
  const added = theirs.lines.filter(
    (line) =>
      line.id === undefined && line.bytes.toString('latin1').trim() !== '' && !known.has(line.bytes.toString('latin1')),
  );
  writeFileAtomic(output, bytesOf(withBeads({ ...ours, lines: [...ours.lines, ...added] }, merged)));
  const isUnreadable = (problem: LineProblem): boolean => !problem.reason.startsWith('duplicate');
  return { count: merged.size, unreadable: [...ours.problems, ...theirs.problems].filter(isUnreadable).length };
}
