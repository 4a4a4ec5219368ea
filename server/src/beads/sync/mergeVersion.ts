import { UserError } from '../../base/errors';
import type { LedgerMerge } from '../../protocol/ledger';
import { mergeBeads, overruledEdits, type Beads } from '../merge/merge';
import { forgetDecoded, type Stored } from '../storage/codec';
import { keepLocal } from '../storage/localMetadata';
import { parseLedgerText, type LineProblem } from '../storage/ledgerText';
import type { Transaction } from '../store';

/** The beads in which two versions of an `issues.jsonl` differ, each in both versions. */
export interface VersionChange {
  base: string;
  theirs: string;
}

/**
 * The changes of a version of the file against its base version.
 * @param name of the version, for messages
 * @throws UserError if it has an invalid line or conflict markers: writing it back would lose or spread these
 */
export function changeBetween(base: Buffer, theirs: Buffer, name: string): VersionChange {
  const before = parseLedgerText(base, 'the version before');
  const after = parseLedgerText(theirs, name, before);
  const broken = after.problems.find(isUnreadable);
  if (broken)
    throw new UserError(
      `${name} has an invalid line: line ${broken.line}: ${broken.reason}`,
      'Correct that line there, and sync again. Nothing was changed.',
      'conflict',
    );
  const changed = [...new Set([...before.beads.keys(), ...after.beads.keys()])].filter(
    (id) => before.beads.get(id)?.text !== after.beads.get(id)?.text,
  );
  const lines = (beads: Beads): string =>
    changed
      .flatMap((id) => beads.get(id)?.text ?? [])
      .map((text) => `${text}\n`)
      .join('');
  return { base: lines(before.beads), theirs: lines(after.beads) };
}

/** Whether a line is unreadable. Two lines of one bead are not: they are merged when they are read. */
function isUnreadable({ reason }: LineProblem): boolean {
  return !reason.startsWith('duplicate');
}

/**
 * Merges a version of the ledger into it, with their common base version.
 * @returns ids of the beads that changed, and of those that one side deleted and the other one changed
 */
export function mergeVersion(tx: Transaction, ledger: string, base: Beads, theirs: Beads): LedgerMerge.Merged {
  const ours = new Map<string, Stored>();
  for (const id of new Set([...base.keys(), ...theirs.keys()])) {
    const own = tx.view.locate(id);
    if (own && own.ledger === ledger && !own.isEphemeral) ours.set(id, own);
  }
  const changed: string[] = [];
  const merged = mergeBeads(base, ours, theirs, tx.now);
  for (const [id, stored] of merged) {
    const own = tx.view.locate(id);
    const kept = keepLocal(stored, own);
    if (own?.text === kept.text) continue;
    tx.replace(ledger, kept);
    forgetDecoded(kept);
    changed.push(id);
  }
  for (const id of ours.keys()) {
    if (merged.has(id)) continue;
    tx.view.remove(ledger, id); // an expired tombstone
    changed.push(id);
  }
  return { changed, overruled: overruledEdits(base, ours, theirs, merged) };
}
