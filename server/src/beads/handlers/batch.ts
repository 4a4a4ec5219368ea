import { UserError } from '../../base/errors';
import { BeadBatch, type BatchOperation } from '../../protocol/batch';
import { dependencyType } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { isExternal } from '../external/reference';
import type { Transaction } from '../store';
import { updateBead } from './change';
import { batchUnless, refuseTemplate, resolveOne, type BeadService } from './common';
import { createBead } from './create';

/** `bd batch`: several changes at once, all of them or none. */
export function registerBatchHandlers(service: BeadService): void {
  service.dispatcher.on(BeadBatch.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    const operations = params.operations.map((operation, index) =>
      numbered(index, () => withWholeIds(service, context, params.ledger, operation)),
    );
    return batchUnless(params.dryRun, service.store, context, (tx) => ({
      ids: operations.map((operation, index) =>
        numbered(index, () => apply(tx, operation, { ledger, owner: params.owner, actor: context.actor })),
      ),
    }));
  });
}

/** Adds the number of the operation to its errors. */
function numbered<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`operation ${index + 1}: ${error.message}`, error.hint, error.code);
  }
}

function withWholeIds(
  service: BeadService,
  context: CallContext,
  ledger: string | undefined,
  operation: BatchOperation,
): BatchOperation {
  const whole = (id: string): string => (isExternal(id) ? id : resolveOne(service, context, id, ledger));
  switch (operation.op) {
    case 'create':
      return operation;
    case 'update':
    case 'close':
      return { ...operation, id: resolveOne(service, context, operation.id, ledger) };
    case 'dep-add':
    case 'dep-remove':
      return { ...operation, from: resolveOne(service, context, operation.from, ledger), to: whole(operation.to) };
  }
}

/** Applies one operation. @returns the id of its bead */
function apply(
  tx: Transaction,
  operation: BatchOperation,
  { ledger, owner, actor }: { ledger: string; owner: string | undefined; actor: string },
): string {
  switch (operation.op) {
    case 'create': {
      const { op: _op, ...bead } = operation;
      return createBead(tx, ledger, { ...bead, owner }, undefined, []).id;
    }
    case 'update':
      return updateBead(tx, operation.id, { ids: [], ...operation.fields }, actor, []).id;
    case 'close':
      refuseTemplate(tx.require(operation.id));
      return tx.close(operation.id, operation.reason ?? 'Closed').id;
    case 'dep-add':
      tx.addDependency(operation.from, operation.to, dependencyType(operation.type ?? 'blocks'));
      return operation.from;
    case 'dep-remove':
      tx.removeDependency(operation.from, operation.to);
      return operation.from;
  }
}
