import type { Action } from '../loop/action';
import { actors, assertRevision, type EngineContext } from '../loop/context';

type OpenGateAction = Extract<Action, { type: 'open-gate' }>;

/** Closes a gate whose condition is met, which unblocks its dependents. */
export async function openGate(action: OpenGateAction, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const gate = assertRevision(tx, action.gate, action.revision);
    tx.close(gate.id, 'its condition is met');
  });
}
