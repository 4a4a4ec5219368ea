import type { BeadStore } from '../../beads/store';
import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { parseAddress } from '../../town/layout';
import { isStep } from '../molecules/molecules';
import { isClosed, slingableTypes } from '../state/work';

/**
 * Beads below an epic, at any depth, that agents can work on: not closed, deferred or assigned to a person.
 * @throws UserError `conflict` if there are none
 */
export function workBelow(store: BeadStore, epic: Bead): Bead[] {
  const work = store
    .children(epic.id, true)
    .filter(
      (bead) =>
        slingableTypes.has(bead.issue_type) &&
        !isClosed(bead.status) &&
        bead.status !== 'deferred' &&
        (!bead.assignee || parseAddress(bead.assignee) !== undefined) &&
        !isStep(store, bead),
    );
  if (work.length > 0) return work;
  throw new UserError(
    `no agent can work on anything below the epic ${epic.id}`,
    `"bd children ${epic.id}" lists its children; "bd create … --parent ${epic.id}" adds one`,
    'conflict',
  );
}

/** Replaces epics by the ids of the work below them, and drops duplicates. */
export function withoutEpics(store: BeadStore, ids: readonly string[]): string[] {
  return [
    ...new Set(
      ids.flatMap((id) => {
        const bead = store.get(id);
        return bead?.issue_type === 'epic' && !isClosed(bead.status)
          ? workBelow(store, bead).map((below) => below.id)
          : [id];
      }),
    ),
  ];
}
