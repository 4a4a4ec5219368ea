import { UserError } from '../base/errors';
import type { BeadStore } from '../beads/store';
import type { Dispatcher } from '../protocol/dispatcher';
import { MoleculeBurn, MoleculeSquash, StepClose } from '../protocol/formula';
import { refuseWorkInHand } from './beadGuard';
import { ownerOf } from './stepRules';

/** Checks around the handlers of molecules, for agents. */
export function guardStepHandlers(dispatcher: Dispatcher, store: BeadStore): void {
  dispatcher.wrap(StepClose.spec, (next) => async (params, context) => {
    refuseWorkInHand(store, [params.id], context);
    return next(params, context);
  });
  for (const spec of [MoleculeSquash.spec, MoleculeBurn.spec]) {
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, context) => {
      const bead = context.kind === 'agent' ? store.get(store.resolve(params.id)) : undefined;
      const owner = bead && ownerOf(store, bead);
      if (owner) throw new UserError(`${params.id} belongs to ${owner.id}`, 'a person may do this', 'refused');
      return next(params, context);
    });
  }
}
