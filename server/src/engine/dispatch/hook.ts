import type { Action } from '../loop/action';
import { polecatBranch } from '../../git/names';
import type { Bead } from '../../protocol/bead';
import { parseAddress, polecatAddress } from '../../town/layout';
import { actors, requireRig, StaleAction, assertRevision, type EngineContext } from '../loop/context';
import { pausedBeads } from '../convoys/wanted';
import { attachMolecule, restartIfBegun } from '../molecules/molecules';
import { overlapNow } from './overlaps';
import { withWork, workOf } from '../state/work';

/**
 * Whether a bead is unassigned, or assigned to a polecat whose attempt is over. A bead that is assigned to a person is
 * never taken.
 */
function isFree(bead: Bead): boolean {
  return (
    ['open', 'deferred'].includes(bead.status) && (!bead.assignee || parseAddress(bead.assignee)?.role === 'polecats')
  );
}

/** Assigns a bead to a polecat's hook by compare-and-set. It stays assigned until the polecat's work ends. */
export async function hook(action: Extract<Action, { type: 'hook' }>, context: EngineContext): Promise<void> {
  const agent = polecatAddress(action.rig, action.name);
  const seen = context.store.get(action.bead);
  const proto =
    seen && workOf(seen).molecule === undefined ? await context.workflow(action.rig)?.cook(seen) : undefined;
  const overlap = seen && (await overlapNow(context.store, requireRig(context, action.rig), seen));
  if (overlap) throw new StaleAction(`${action.bead} would touch the same files as ${overlap.id}`);
  const branch = polecatBranch(action.name, action.bead, context.clock.now());
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const bead = assertRevision(tx, action.bead, action.revision);
    if (!isFree(bead)) throw new StaleAction(`${bead.id} is already assigned`);
    if (pausedBeads(context.store).has(bead.id)) throw new StaleAction(`the convoy of ${bead.id} was paused`);
    const attempt = workOf(bead).attempt + 1;
    const ledger = context.store.ledgerOf(bead.id) ?? action.rig;
    const molecule = workOf(bead).molecule ?? (proto && attachMolecule(tx, bead, ledger, proto));
    tx.update(bead.id, {
      status: 'hooked',
      assignee: agent,
      defer_until: undefined,
      metadata: withWork(bead, {
        branch,
        molecule,
        attempt,
        deaths: 0,
        startFailures: 0,
        base: undefined,
        formerWorkers: undefined,
        rebaseOnto: undefined,
        progress: undefined,
        held: undefined,
        notBefore: undefined,
      }),
    });
    restartIfBegun(tx, bead);
    tx.event({ type: 'slung', bead: bead.id, agent, rig: action.rig, message: bead.title });
  });
  requireRig(context, action.rig).recordSpawn(context.clock.now().getTime());
}
