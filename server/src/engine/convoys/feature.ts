import type { BeadStore, Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { CONVOY, convoyOf, isClosed, trackedIds, withConvoy, workOf, type ConvoyDetails } from '../state/work';
import { openConvoys } from './wanted';

/** Label of a convoy whose feature branch exists or may exist. It is removed when the branch is deleted. */
export const FEATURE_LABEL = 'gt:feature-branch';

type Feature = NonNullable<ConvoyDetails['feature']>;
/** State of a convoy's feature branch in one rig. */
export type FeatureRig = Feature['rigs'][string];

export function featureOf(convoy: Bead): Feature | undefined {
  return convoyOf(convoy).feature;
}

/** The convoy whose feature branch a bead's work lands on. Without closed convoys. */
export function featureConvoyOf(store: Pick<BeadStore, 'dependents'>, bead: string): Bead | undefined {
  return store
    .dependents(bead, 'tracks')
    .find((convoy) => convoy.issue_type === CONVOY && !isClosed(convoy.status) && featureOf(convoy) !== undefined);
}

/** The feature branch that the work on a bead lands on; undefined for its rig's own target. */
export function targetOf(store: Pick<BeadStore, 'dependents'>, bead: string): string | undefined {
  const convoy = featureConvoyOf(store, bead);
  return convoy && featureOf(convoy)?.branch;
}

/** Whether the work on a bead is on a feature branch but not yet on the target. */
export function isCollected(bead: Bead): boolean {
  return isClosed(bead.status) && workOf(bead).merged !== undefined && workOf(bead).target !== undefined;
}

/**
 * Beads whose work is only on the feature branch of an open convoy, by bead: beads outside of that convoy cannot build
 * on them.
 */
export function unlandedBeads(store: BeadStore): Map<string, string> {
  const unlanded = new Map<string, string>();
  for (const convoy of openConvoys(store)) {
    const feature = featureOf(convoy);
    if (!feature) continue;
    for (const id of trackedIds(convoy)) {
      const bead = store.get(id);
      if (bead && isCollected(bead) && workOf(bead).target === feature.branch) unlanded.set(id, convoy.id);
    }
  }
  return unlanded;
}

/** Whether a dependency of the bead is on a feature branch that the bead itself does not land on. */
export function waitsForLanding(
  store: BeadStore,
  bead: Bead,
  unlanded: ReadonlyMap<string, string>,
): { convoy: string; bead: string } | undefined {
  if (unlanded.size === 0) return undefined;
  for (const { type, depends_on_id: id } of bead.dependencies ?? []) {
    const convoy = type === 'blocks' ? unlanded.get(id) : undefined;
    if (convoy !== undefined && featureConvoyOf(store, bead.id)?.id !== convoy) return { convoy, bead: id };
  }
  return undefined;
}

/** Records the state of a convoy's feature branch in one rig. */
export function recordFeature(tx: Transaction, convoy: Bead, rig: string, changes: Partial<FeatureRig>): void {
  const feature = featureOf(convoy);
  if (!feature) return;
  const rigs = { ...feature.rigs, [rig]: { ...feature.rigs[rig], ...changes } };
  tx.update(convoy.id, { metadata: withConvoy(convoy, { feature: { ...feature, rigs } }) });
}

/** Rigs whose feature branch has commits that have not landed. */
export function rigsToLand(convoy: Bead): string[] {
  return Object.entries(featureOf(convoy)?.rigs ?? {})
    .filter(([, { tip, landed }]) => tip !== undefined && landed === undefined)
    .map(([rig]) => rig);
}
