import { UserError } from '../../base/errors';
import type { JournalRecord } from './journalRecord';

/**
 * The right to write a ledger, which another process may have taken over meanwhile: its owner was stopped for so long
 * that it was presumed dead. Each owner has a higher epoch than the one before, and each journal record carries it.
 */
export interface WriteFence {
  /** Epochs of one name can be compared; a ledger in a town and one outside have separate leases. */
  readonly name: 'town' | 'ledger';
  readonly epoch: number;
  /** False once another process has the right. Checked before every write. */
  isCurrent(): boolean;
}

/** @throws UserError `unavailable` if the right to write has passed to another process */
export function requireCurrent(fence: WriteFence | undefined): void {
  if (!fence || fence.isCurrent()) return;
  throw takenOverError();
}

/** The owner field of a record. */
export function ownerOf(fence: WriteFence | undefined): Pick<JournalRecord, 'owner'> {
  return fence ? { owner: { name: fence.name, epoch: fence.epoch } } : {};
}

export function takenOverError(): UserError {
  return new UserError(
    'another process has taken over this ledger: nothing was written',
    'Try again; the command then reaches the new owner.',
    'unavailable',
  );
}

/** The records of a journal, without those that an owner wrote after a later owner had started to write. */
export function ofCurrentOwners(records: readonly JournalRecord[]): { kept: JournalRecord[]; refused: number } {
  const highest = new Map<string, number>();
  const kept = records.filter(({ owner }) => {
    if (!owner) return true;
    const known = highest.get(owner.name) ?? 0;
    if (owner.epoch < known) return false;
    highest.set(owner.name, owner.epoch);
    return true;
  });
  return { kept, refused: records.length - kept.length };
}
