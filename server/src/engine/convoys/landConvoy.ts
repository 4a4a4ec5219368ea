import { plural } from '../../base/text';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { Action } from '../loop/action';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import { convoyOf, isClosed, trackedIds, withConvoy } from '../state/work';
import { rigsToLand } from './feature';
import { tellLanded } from './notice';

/** Close reason of a convoy whose work is done. */
export const LANDED = 'All tracked beads are closed';

/** Closes a convoy whose work is done, and notifies its subscribers. */
export async function landConvoy(
  action: Extract<Action, { type: 'land-convoy' }>,
  context: EngineContext,
): Promise<void> {
  const landed = await context.store.batch({ actor: actors.engine }, (tx) => {
    const convoy = assertRevision(tx, action.convoy, action.revision);
    return isDone(tx, convoy) && rigsToLand(convoy).length === 0 ? land(tx, convoy) : undefined;
  });
  if (landed) {
    context.person.notify({
      severity: 'info',
      text: `Convoy landed: ${landed.title} (${plural(trackedIds(landed).length, 'bead')})`,
      convoy: action.convoy,
    });
  }
}

/** Whether a convoy tracks at least one bead and all of them are closed. */
export function isDone(reader: Pick<Transaction, 'get'>, convoy: Bead): boolean {
  const tracked = trackedIds(convoy).map((id) => reader.get(id));
  return tracked.length > 0 && tracked.every((bead) => bead !== undefined && isClosed(bead.status));
}

export function land(tx: Transaction, convoy: Bead): Bead {
  if (convoyOf(convoy).paused) tx.update(convoy.id, { metadata: withConvoy(convoy, { paused: undefined }) });
  const closed = tx.close(convoy.id, LANDED, { force: true });
  tellLanded(
    tx,
    convoy,
    trackedIds(convoy).flatMap((id) => tx.get(id) ?? []),
  );
  tx.event({ type: 'convoy_landed', convoy: convoy.id, message: convoy.title });
  return closed;
}
