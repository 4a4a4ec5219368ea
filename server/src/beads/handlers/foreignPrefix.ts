import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { withReplacedIds } from '../model/references';
import { compareTimes } from '../model/time';
import { store as storedOf, type Stored } from '../storage/codec';

/** Imports beads of another ledger under the prefix of this one. */

export interface OwnLedger {
  prefix: string;
  /** The bead of this ledger with an id. */
  get(id: string): Bead | undefined;
}

/**
 * Gives beads with a foreign prefix the prefix of the ledger; dependencies and texts of all imported beads follow.
 * @throws UserError if another bead has one of the new ids
 */
export function withOwnPrefix(
  beads: ReadonlyMap<string, Stored>,
  foreign: readonly string[],
  ledger: OwnLedger,
): Map<string, Stored> {
  const ids = new Map(foreign.map((id) => [id, `${ledger.prefix}-${id.slice(id.indexOf('-') + 1)}`]));
  refuseTaken(ids, beads, ledger);
  return new Map([...beads.values()].map((stored) => renamed(stored, ids)).map((stored) => [stored.bead.id, stored]));
}

function refuseTaken(ids: ReadonlyMap<string, string>, beads: ReadonlyMap<string, Stored>, ledger: OwnLedger): void {
  const seen = new Set<string>();
  for (const [id, newId] of ids) {
    const own = ledger.get(newId);
    // The bead was imported before: it is merged with its earlier copy.
    const isSame = own !== undefined && compareTimes(own.created_at, beads.get(id)!.bead.created_at) === 0;
    if (beads.has(newId) || seen.has(newId) || (own && !isSame))
      throw new UserError(
        `cannot rename ${id} to ${newId}: another bead has this id`,
        `Rename one of them first: bd rename ${newId} <new-id>`,
        'conflict',
      );
    seen.add(newId);
  }
}

function renamed(stored: Stored, ids: ReadonlyMap<string, string>): Stored {
  const { bead } = stored;
  const id = ids.get(bead.id) ?? bead.id;
  const newId = (old: string): string => ids.get(old) ?? old;
  const dependencies = bead.dependencies?.map((edge) => ({
    ...edge,
    issue_id: id,
    depends_on_id: newId(edge.depends_on_id),
  }));
  const comments = bead.comments?.map((comment) => ({ ...comment, issue_id: id }));
  const next: Bead = {
    ...bead,
    ...withReplacedIds(bead, ids),
    id,
    ...(dependencies ? { dependencies } : {}),
    ...(comments ? { comments } : {}),
  };
  return storedOf(next, stored);
}
