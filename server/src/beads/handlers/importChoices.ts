import { UserError } from '../../base/errors';
import { isExternal } from '../external/reference';
import { store as storedOf, type Stored } from '../storage/codec';

/** Treatment of beads that cannot be imported into the ledger unchanged. */

export interface ImportChoices {
  /** Refuses dependencies on beads that do not exist. */
  strict?: boolean | undefined;
  /** Beads below a parent that does not exist: imported, left out, or refused. */
  orphans?: 'allow' | 'skip' | 'strict' | undefined;
  /** Removes a reference to another system from all beads but the first with it. */
  clearDuplicateRefs?: boolean | undefined;
  /** Leaves out new beads with the title of an open bead. */
  dedup?: boolean | undefined;
}

/** The content of the ledger. */
interface Known {
  has(id: string): boolean;
  /** The bead with a reference to another system. */
  withReference(reference: string): string | undefined;
  /** Titles of the open beads. */
  openTitles(): Iterable<string>;
}

/**
 * @returns the beads to import, and the ids of those that are left out
 * @throws UserError if one is refused
 */
export function chosenBeads(
  beads: ReadonlyMap<string, Stored>,
  choices: ImportChoices,
  known: Known,
): { beads: ReadonlyMap<string, Stored>; skipped: string[] } {
  const { orphans = 'allow' } = choices;
  const isThere = (id: string): boolean => beads.has(id) || known.has(id);
  const lost = orphans === 'allow' ? [] : [...beads.keys()].filter((id) => !isParentThere(id, isThere));
  if (orphans === 'strict' && lost.length > 0)
    throw new UserError(
      `parent issue ${parentOf(lost[0]!)} does not exist (strict mode)`,
      `Import ${lost[0]!} with its parent, or use --orphan-handling allow or skip. Nothing was imported.`,
    );
  if (choices.strict) refuseMissingTargets(beads, isThere);
  const skipped = [...lost, ...(choices.dedup ? withKnownTitle(beads, known) : [])];
  const left = new Set(skipped);
  const kept = new Map([...beads].filter(([id]) => !left.has(id)));
  return { beads: choices.clearDuplicateRefs ? withSingleReferences(kept, known) : kept, skipped: [...left] };
}

/** Ids of new beads with the title of an open bead, or of an earlier new one. */
function withKnownTitle(beads: ReadonlyMap<string, Stored>, known: Known): string[] {
  const titles = new Set([...known.openTitles()].map((title) => title.trim().toLowerCase()));
  return [...beads].flatMap(([id, { bead }]) => {
    const title = bead.title.trim().toLowerCase();
    if (known.has(id) || bead.status === 'tombstone') return [];
    if (titles.has(title)) return [id];
    titles.add(title);
    return [];
  });
}

function parentOf(id: string): string | undefined {
  return /^(.+)\.\d+$/.exec(id)?.[1];
}

function isParentThere(id: string, isThere: (id: string) => boolean): boolean {
  const parent = parentOf(id);
  return parent === undefined || isThere(parent);
}

function refuseMissingTargets(beads: ReadonlyMap<string, Stored>, isThere: (id: string) => boolean): void {
  for (const { bead } of beads.values())
    for (const { depends_on_id: target } of bead.dependencies ?? [])
      if (!isExternal(target) && !isThere(target))
        throw new UserError(
          `error creating dependency ${bead.id} → ${target}: dependency target ${target} not found`,
          'Without --strict it is imported as it is. Nothing was imported.',
        );
}

function withSingleReferences(beads: ReadonlyMap<string, Stored>, known: Known): Map<string, Stored> {
  const seen = new Map<string, string>();
  return new Map(
    [...beads].map(([id, stored]) => {
      const { external_ref: reference } = stored.bead;
      if (typeof reference !== 'string' || reference === '') return [id, stored];
      const first = known.withReference(reference) ?? seen.get(reference) ?? id;
      seen.set(reference, first);
      if (first === id) return [id, stored];
      const { external_ref: _taken, ...rest } = stored.bead;
      return [id, storedOf(rest, stored)];
    }),
  );
}
