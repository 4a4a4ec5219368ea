import type { BeadStore, Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { EventType } from '../../protocol/vocabulary';
import type { CallContext } from '../../protocol/dispatcher';
import type { ConvoyInfo } from '../../protocol/town';
import { convoyInfo, type Projection } from '../state/projection';
import { withoutEpics } from '../dispatch/epics';
import type { AddressBook } from '../mail/addresses';
import { refuseStep } from '../molecules/molecules';
import { CONVOY, isClosed, isLaunched, isOfThisTown, trackedIds } from '../state/work';
import type { PlannedRig } from './checkPlan';

/** Facts about the town that convoys depend on. */
export interface ConvoyTown {
  store: BeadStore;
  projection: Projection;
  addresses: AddressBook;
  /** Undefined if there is no such rig. */
  rig(name: string): PlannedRig | undefined;
  /** US dollars that the agents on a bead have cost; undefined if that is not known. */
  costOf(bead: Bead): number | undefined;
  /** Whether the engine is up. */
  isUp(): boolean;
  /** Default for new convoys if neither the convoy nor one of its rigs sets it. */
  featureBranchDefault(): boolean;
  /** Commits of a feature branch that the target of the rig does not have; undefined if they cannot be counted. */
  commitsAhead(rig: string, branch: string): Promise<number | undefined>;
  /** Why the runtime of a bead cannot run, by the name of the rig. */
  missingRuntimes(beads: readonly Bead[]): Promise<ReadonlyMap<string, string>>;
}

/** The convoy with this id. @throws UserError `not-found` for other beads */
export function requireConvoy(town: Pick<ConvoyTown, 'store'>, id: string): Bead {
  const bead = town.store.get(town.store.resolve(id, 'hq'));
  if (bead?.issue_type !== CONVOY) throw new UserError(`${id} is not a convoy`, 'see "gt convoy list"', 'not-found');
  return bead;
}

/** Whether a convoy is staged or only tracks its beads: it starts none of them. */
export function isPlanned(convoy: Bead): boolean {
  return isStaged(convoy) || (convoy.status === 'open' && isOfThisTown(convoy) && !isLaunched(convoy));
}

export function isStaged(convoy: Bead): boolean {
  return convoy.status.startsWith('staged');
}

/** @throws UserError `conflict` for a closed convoy */
export function refuseClosed(convoy: Bead): void {
  if (isClosed(convoy.status))
    throw new UserError(`${convoy.id} is closed`, 'add beads to it with "gt convoy add"; that reopens it', 'conflict');
}

/** Changes a convoy in one batch, with its event. @returns the convoy after the change */
export function changeConvoy(
  town: ConvoyTown,
  context: CallContext,
  id: string,
  change: (tx: Transaction, convoy: Bead) => { event: EventType; message?: string } | undefined,
): Promise<ConvoyInfo> {
  return town.store.batch(context, (tx) => {
    const convoy = tx.require(id);
    const done = change(tx, convoy);
    const current = tx.require(id);
    if (done) tx.event({ type: done.event, convoy: id, message: done.message ?? current.title });
    return convoyInfo(town.store, current, tx);
  });
}

export function trackedBeads(store: Pick<BeadStore, 'get'>, convoy: Bead): Bead[] {
  return trackedIds(convoy).flatMap((id) => store.get(id) ?? []);
}

/**
 * Resolves ids to beads; an epic is replaced by the work below it.
 * @throws UserError if a convoy cannot track one of them
 */
export function trackable(town: Pick<ConvoyTown, 'store'>, ids: readonly string[]): Bead[] {
  const resolved = withoutEpics(
    town.store,
    ids.map((id) => town.store.resolve(id)),
  );
  return resolved.map((id) => {
    const bead = town.store.get(id);
    if (!bead || bead.status === 'tombstone')
      throw new UserError(`there is no bead ${id}`, 'see "bd list"', 'not-found');
    if (bead.issue_type === CONVOY) throw new UserError(`${id} is a convoy itself`, 'track its beads instead');
    refuseStep(town.store, bead);
    return bead;
  });
}
