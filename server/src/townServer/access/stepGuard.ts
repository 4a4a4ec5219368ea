import { UserError } from '../../base/errors';
import type { BeadService } from '../../beads/handlers/common';
import { resolveOne } from '../../beads/handlers/common';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { MoleculeBond, MoleculeBurn, MoleculeSquash, StepClose } from '../../protocol/formula';
import { refuseEngineBeads, refuseWorkInHand } from './beadGuard';
import { ownerOf } from './stepRules';

/** Checks around the handlers of molecules, for agents. */
export function guardStepHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  // Exactly the bead that the handler will use: the same part of an id may mean another one in another ledger.
  const meant = (params: { id: string; ledger?: string }, context: CallContext): string =>
    resolveOne(service, context, params.id, params.ledger);
  dispatcher.wrap(StepClose.spec, (next) => async (params, context) => {
    if (context.kind === 'agent') {
      const id = meant(params, context);
      refuseEngineBeads(store, [id], context);
      refuseWorkInHand(store, [id], context);
    }
    return next(params, context);
  });
  for (const spec of [MoleculeSquash.spec, MoleculeBurn.spec]) {
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, context) => {
      const bead = context.kind === 'agent' ? store.get(meant(params, context)) : undefined;
      const owner = bead && ownerOf(store, bead);
      if (owner) throw new UserError(`${params.id} belongs to ${owner.id}`, 'ask a person to do this', 'refused');
      return next(params, context);
    });
  }
  dispatcher.wrap(MoleculeBond.spec, (next) => async (params, context) => {
    for (const given of context.kind === 'agent' ? [params.a, params.b] : []) {
      const bead = beadNamed(service, given, params.ledger, context);
      if (!bead) continue;
      refuseEngineBeads(store, [bead.id], context);
      const owner = ownerOf(store, bead);
      if (owner) throw new UserError(`${given} belongs to ${owner.id}`, 'ask a person to do this', 'refused');
    }
    return next(params, context);
  });
}

/** The bead of an operand; a part of an id that is also the name of a formula means the formula. */
function beadNamed(
  service: BeadService,
  given: string,
  ledger: string | undefined,
  context: CallContext,
): Bead | undefined {
  const exact = service.store.get(given);
  if (exact) return exact;
  try {
    return service.store.get(resolveOne(service, context, given, ledger));
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found') return undefined;
    throw error;
  }
}
