import { UserError } from '../../base/errors';
import { attachedTo, MOLECULE, moleculeAbove } from '../../beads/model/molecule';
import type { BeadStore } from '../../beads/store';
import { isHooked } from '../../engine/state/townView';
import { isClosed } from '../../engine/state/work';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';

/** The bead of a molecule, or of a step's molecule, while there is work on it. */
export function ownerOf(store: BeadStore, bead: Bead): Bead | undefined {
  const molecule = bead.issue_type === MOLECULE ? bead : moleculeAbove(store, bead);
  const attached = molecule && attachedTo(molecule);
  const owner = attached === undefined ? undefined : store.get(attached);
  return owner && !isClosed(owner.status) ? owner : undefined;
}

/**
 * Allows an agent only steps of the bead on its own hook and of molecules without a bead.
 * @returns whether it is such a step, so that no further checks are needed
 */
export function refuseForeignStep(store: BeadStore, bead: Bead, context: CallContext): boolean {
  if (context.kind !== 'agent') return false;
  const owner = ownerOf(store, bead);
  if (!owner) return moleculeAbove(store, bead) !== undefined && (!bead.assignee || bead.assignee === context.agent);
  if (bead.issue_type === MOLECULE)
    throw new UserError(`${bead.id} belongs to ${owner.id}`, 'it closes automatically with its last step', 'refused');
  if (owner.assignee !== context.agent || !isHooked(owner)) {
    throw new UserError(`${bead.id} is a step of ${owner.id}, which is not on your hook`, 'see "gt hook"', 'refused');
  }
  return true;
}
