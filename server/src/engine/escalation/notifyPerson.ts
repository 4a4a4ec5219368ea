import type { Action } from '../loop/action';
import { actors, type EngineContext } from '../loop/context';
import { escalate, isOpen } from './escalation';

/** Notifies a person once about a problem that is not caused by a bead. */
export async function escalateAction(
  { key, rig, title, detail }: Extract<Action, { type: 'escalate' }>,
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor: actors.witness(rig) }, (tx) => {
    if (!isOpen(tx, key)) escalate(tx, { key, rig, title, detail });
  });
}
