import { plural } from '../../base/text';
import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { Action } from '../loop/action';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import { sendMail } from '../mail/mail';
import { convoyOf, isClosed, trackedIds } from '../state/work';

/** Closes a convoy whose work is done, and tells its subscribers. */
export async function landConvoy(
  action: Extract<Action, { type: 'land-convoy' }>,
  context: EngineContext,
): Promise<void> {
  const landed = await context.store.batch({ actor: actors.engine }, (tx) => {
    const convoy = assertRevision(tx, action.convoy, action.revision);
    const tracked = trackedIds(convoy).map((id) => tx.get(id));
    if (tracked.length === 0 || tracked.some((bead) => !bead || !isClosed(bead.status))) return undefined;
    tx.close(convoy.id, 'All tracked beads are closed', { force: true });
    for (const address of convoyOf(convoy).notify) tellLanding(tx, convoy, address);
    tx.event({ type: 'convoy_landed', convoy: convoy.id, message: convoy.title });
    return { title: convoy.title, count: tracked.length };
  });
  if (landed) {
    context.person.notify({
      severity: 'info',
      text: `Convoy landed: ${landed.title} (${plural(landed.count, 'bead')})`,
      convoy: action.convoy,
    });
  }
}

/** A message in the same batch as the landing: it cannot be lost between the two. */
function tellLanding(tx: Transaction, convoy: Bead, address: string): void {
  sendMail(tx, {
    from: actors.engine,
    to: address,
    priority: 'low',
    subject: `Convoy landed: ${convoy.title}`,
    body: `All that ${convoy.id} tracks is closed.`,
  });
}
