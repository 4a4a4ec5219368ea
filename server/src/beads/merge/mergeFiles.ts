import { UserError } from '../../base/errors';
import { readFileBytes, writeFileAtomic } from '../../base/safeFiles';
import { MAX_LEDGER_BYTES } from '../storage/ledgerFs';
import { bytesOf, parseLedgerText, withBeads, type LineProblem } from '../storage/ledgerText';
import { mergeBeads, overruledEdits } from './merge';

type Side = 'base' | 'left' | 'right';

/** Reads one side; a side without a version in git is an empty file. */
function readLedgerFile(side: Side, file: string): Buffer {
  const bytes = readFileBytes(file, MAX_LEDGER_BYTES);
  if (!bytes)
    throw new UserError(
      `error reading ${side} file: failed to open file: open ${file}: no such file or directory`,
      undefined,
      'not-found',
    );
  return bytes;
}

/** A line of one of the two sides. */
export type UnreadableLine = LineProblem & { side: 'left' | 'right' };

/**
 * The git merge driver: three versions of an `issues.jsonl` become one.
 * @returns `unreadable`: lines of the two sides that are not beads; they are kept, and the user must check them.
 * `overruled`: beads that one side deleted and the other one changed
 */
export function mergeFiles(
  output: string,
  base: string,
  left: string,
  right: string,
  now: Date,
): { count: number; unreadable: UnreadableLine[]; overruled: string[] } {
  const before = parseLedgerText(readLedgerFile('base', base), base);
  const read = (side: Side, file: string) => parseLedgerText(readLedgerFile(side, file), file, before);
  const [ours, theirs] = [read('left', left), read('right', right)];
  const merged = mergeBeads(before.beads, ours.beads, theirs.beads, now);
  // Unreadable lines are kept from both sides; those of the base are already in ours.
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
  const unreadable = [
    ...ours.problems.filter(isUnreadable).map((problem) => ({ ...problem, side: 'left' as const })),
    ...theirs.problems.filter(isUnreadable).map((problem) => ({ ...problem, side: 'right' as const })),
  ];
  const overruled = overruledEdits(before.beads, ours.beads, theirs.beads, merged);
  return { count: merged.size, unreadable, overruled };
}
