import type { BeadService } from '../../beads/handlers/common';
import { resolveOne } from '../../beads/handlers/common';
import { BeadBatch } from '../../protocol/batch';
import type { CallContext } from '../../protocol/dispatcher';
import { refuseEdge, refuseEngineBeads, refuseEngineData, refuseWorkInHand } from './beadGuard';

/** Checks each change of a batch like a separate request. */
export function guardBatch(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.wrap(BeadBatch.spec, (next) => async (params, context) => {
    const whole = (id: string, caller: CallContext): string[] =>
      caller.kind === 'agent' ? [resolveOne(service, caller, id, params.ledger)] : [];
    for (const operation of params.operations) {
      if (operation.op === 'create') refuseEngineData(operation);
      if (operation.op === 'update' || operation.op === 'close') {
        const ids = whole(operation.id, context);
        refuseEngineBeads(store, ids, context);
        const takesAway =
          operation.op === 'close' || operation.fields.status !== undefined || operation.fields.assignee !== undefined;
        if (takesAway) refuseWorkInHand(store, ids, context);
      }
      if (operation.op === 'dep-add' || operation.op === 'dep-remove')
        refuseEdge(service, operation.from, params.ledger, context);
    }
    return next(params, context);
  });
}
