import type { Action } from '../action';
import { actors, unchanged, type EngineContext } from '../context';
import { isClosed } from '../work';

/** Closes a convoy whose work is done, and tells its subscribers. */
export async function landConvoy(action: Extract<Action, { type: 'land-convoy' }>, context: EngineContext): Promise<void> {
  const landed = await context.store.batch({ actor: actors.engine }, (tx) => {
    const convoy = unchanged(tx, action.convoy, action.revision);
    const tracked = (convoy.dependencies ?? []).filter((edge) => edge.type === 'tracks').map((edge) => tx.get(edge.depends_on_id));
    if (tracked.length === 0 || tracked.some((bead) => !bead || !isClosed(bead.status))) return undefined;
    tx.close(convoy.id, 'All tracked beads are closed', { force: true });
    tx.event({ type: 'convoy_landed', convoy: convoy.id, message: convoy.title });
    return { title: convoy.title, count: tracked.length };
  });
  if (landed) {
    context.person.notify({ severity: 'info', text: `Convoy landed: ${landed.title} (${landed.count} beads)`, convoy: action.convoy });
  }
}
