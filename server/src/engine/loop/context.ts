import type { BeadStore, Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { Activities } from './activities';
import type { Clock, PersonPort, RigPort, SessionPort } from './ports';
import { UserError } from '../../base/errors';
import { refineryAddress, reviewerAddress } from '../../town/layout';
import type { SlungFormula } from '../molecules/molecules';

/** Actors of the engine's rules. */
export const actors = {
  engine: 'deacon',
  witness: (rig: string) => `${rig}/witness`,
  refinery: refineryAddress,
  reviewer: reviewerAddress,
};

/** Dependencies of the engine's actions. */
export interface EngineContext {
  store: BeadStore;
  sessions: SessionPort;
  person: PersonPort;
  clock: Clock;
  rig(name: string): RigPort | undefined;
  /** Runtime that a bead of this rig runs with if it names none. */
  defaultRuntime(rig: string): string;
  /** Default workflow of a rig, for beads that name none. @throws UserError if there is no such formula */
  workflow(rig: string): SlungFormula | undefined;
  /** Runtime of a reviewer of this rig. @param reviewer see `review/reviewers.ts` */
  reviewerRuntime(rig: string, reviewer: string): string;
  /** The consents of people, looked up at the moment of use. */
  isAccepted: { script(blocks: readonly string[]): boolean };
  /** Current activities for display. */
  activity: Activities;
  onActivity(): void;
}

/** The state that an action was based on has changed: it is dropped and the next tick decides again. */
export class StaleAction extends Error {}

/** The bead, if it has not changed since the reconciler read it. */
export function assertRevision(tx: Transaction, id: string, revision: string): Bead {
  const bead = tx.get(id);
  if (bead?.updated_at !== revision) throw new StaleAction(`${id} has changed`);
  return bead;
}

export function requireRig(context: EngineContext, name: string): RigPort {
  const rig = context.rig(name);
  if (!rig) throw new UserError(`there is no rig ${name}`, 'see "gt rig list"', 'not-found');
  return rig;
}
