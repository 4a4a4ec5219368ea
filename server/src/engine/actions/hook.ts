import type { Action } from '../action';
import { polecatBranch } from '../../git/names';
import { polecatAddress } from '../../town/layout';
import { actors, StaleAction, unchanged, type EngineContext } from '../context';
import { withWork, workOf } from '../work';

/** Compare-and-set of a bead onto a polecat's hook. From here on the bead is that polecat's until it ends. */
export async function hook(action: Extract<Action, { type: 'hook' }>, context: EngineContext): Promise<void> {
  const agent = polecatAddress(action.rig, action.name);
  const branch = polecatBranch(action.name, action.bead, context.clock.now());
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const bead = unchanged(tx, action.bead, action.revision);
    if (bead.status !== 'open' || bead.assignee) throw new StaleAction(`${bead.id} is taken`);
    const attempt = workOf(bead).attempt + 1;
    tx.update(bead.id, {
      status: 'hooked', assignee: agent,
      metadata: withWork(bead, { branch, base: undefined, attempt, deaths: 0, progress: undefined, held: undefined, notBefore: undefined }),
    });
    tx.event({ type: 'slung', bead: bead.id, agent, rig: action.rig, message: bead.title });
  });
}
