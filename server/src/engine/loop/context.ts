import type { BeadStore, Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { Clock, PersonPort, RigPort, SessionPort } from './ports';
import { UserError } from '../../base/errors';
import { refineryAddress, reviewerAddress } from '../../town/layout';
import type { SlungFormula } from '../molecules/molecules';

/** The actor of what the engine's rules do. */
export const actors = {
  engine: 'deacon',
  witness: (rig: string) => `${rig}/witness`,
  refinery: refineryAddress,
  reviewer: reviewerAddress,
};

/** Everything that actions work with. */
export interface EngineContext {
  store: BeadStore;
  sessions: SessionPort;
  person: PersonPort;
  clock: Clock;
  rig(name: string): RigPort | undefined;
  /** Runtime that a bead of this rig runs with where it names none. */
  defaultRuntime(rig: string): string;
  /** Steps by which beads of this rig are done that name none themselves. @throws UserError where there is no such formula */
  workflow(rig: string): SlungFormula | undefined;
  /** Runtime of a reviewer of this rig. @param reviewer see `review/reviewers.ts` */
  reviewerRuntime(rig: string, reviewer: string): string;
  /** What a person has accepted, looked up at the moment of use. */
  isAccepted: { script(blocks: readonly string[]): boolean };
  /** Steps that people like to see while they happen: `testing toy-1`, keyed by agent address. */
  activity: Map<string, string>;
  onActivity(): void;
}

/** An action's picture of the world is out of date: it is dropped and the next round decides again. */
export class StaleAction extends Error {}

/** The bead, if it is still as the reconciler saw it. */
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
