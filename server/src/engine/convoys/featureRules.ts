import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { requestsIn } from '../mergeQueue/requestIndex';
import { rigOfBead } from '../state/workingSet';
import { mergeOf } from '../state/work';
import type { ConvoyTown } from './convoys';
import { featureConvoyOf, featureOf, isCollected } from './feature';

/** Default for a new convoy that does not set it: on if one of its rigs, or else the town, enables it. */
export function wantsFeature(town: ConvoyTown, beads: readonly Bead[]): boolean {
  const rigs = new Set(beads.map((bead) => rigOfBead(town.store, bead)));
  if (rigs.size === 0) return town.featureBranchDefault();
  return [...rigs].some(
    (rig) => (rig === undefined ? undefined : town.rig(rig)?.featureBranch) ?? town.featureBranchDefault(),
  );
}

/**
 * Ensures that the work on each bead lands on one branch only.
 * @param convoy the convoy with a feature branch that will track them
 * @throws UserError `conflict` for a bead that already lands on another branch
 */
export function refuseOtherBranch({ store }: ConvoyTown, beads: readonly Bead[], convoy?: string): void {
  for (const bead of beads) {
    const other = featureConvoyOf(store, bead.id);
    if (other?.id === convoy && other !== undefined) continue;
    if (other)
      throw new UserError(
        `${bead.id} lands on ${featureOf(other)!.branch}, with ${other.id}`,
        `a bead is in one convoy with a feature branch: "gt convoy remove ${other.id} ${bead.id}" first, or leave it out`,
        'conflict',
      );
    const [request] = requestsIn(store).openOf(bead.id);
    if (request)
      throw new UserError(
        `${bead.id} is in the merge queue for another branch already (${request.id})`,
        `wait until it is merged, or send it back first: "gt mq reject ${bead.id} -m …"`,
        'conflict',
      );
  }
}

/**
 * Refuses to remove work that is on the feature branch: it lands with the branch, tracked or not.
 * @throws UserError `conflict` for a bead that is on it, or about to be merged into it
 */
export function refuseCollected({ store }: ConvoyTown, convoy: Bead, ids: readonly string[]): void {
  const branch = featureOf(convoy)?.branch;
  if (branch === undefined || convoy.status === 'closed') return;
  for (const id of ids) {
    const bead = store.get(id);
    if (bead && isCollected(bead))
      throw new UserError(
        `the work on ${id} is on ${branch} already, and lands with it`,
        `revert it there with another bead of ${convoy.id}, or close the convoy: "gt convoy close ${convoy.id} --reason …"`,
        'conflict',
      );
    const request = requestsIn(store)
      .openOf(id)
      .find((one) => mergeOf(one)?.target === branch);
    if (request)
      throw new UserError(
        `${id} is in the merge queue for ${branch}`,
        `send it back first: "gt mq reject ${id} -m …"`,
        'conflict',
      );
  }
}
