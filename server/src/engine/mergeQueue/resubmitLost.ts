import type { Action } from '../loop/action';
import { parseAddress } from '../../town/layout';
import { actors, assertRevision, type EngineContext } from '../loop/context';
import { withWork } from '../state/work';

/** Hooks a bead again whose merge request was lost. Its branch exists: the next session submits it again. */
export async function resubmit(action: Extract<Action, { type: 'resubmit' }>, context: EngineContext): Promise<void> {
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const bead = assertRevision(tx, action.bead, action.revision);
    const problem = 'its merge request was closed by hand';
    tx.update(bead.id, {
      status: 'hooked',
      metadata: withWork(bead, {
        problem,
        feedback: `${problem}: look at your branch, fix what is wrong, and run "gt done" again.`,
      }),
    });
    tx.event({
      type: 'resubmitted',
      bead: bead.id,
      agent: bead.assignee,
      rig: parseAddress(bead.assignee ?? '')?.rig,
      message: problem,
    });
  });
}
