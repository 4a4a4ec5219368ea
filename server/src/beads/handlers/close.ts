import { UserError } from '../../base/errors';
import { BeadClose, type Bead, type CloseResult } from '../../protocol/bead';
import { isBlocked, watchersOf } from '../index/blocking';
import type { BeadService } from './common';
import type { ParsedParams } from '../../protocol/request';
import type { Transaction } from '../store';
import { idsOrLastChanged, metaOf, resolveOne } from './common';

export function registerCloseHandlers(service: BeadService): void {
  service.dispatcher.on(BeadClose.spec, async (params, context) => {
    const found: string[] = [];
    const errors: { id: string; error: UserError }[] = [];
    for (const id of idsOrLastChanged(service, context, params.ids, params.ledger)) {
      try {
        found.push(resolveOne(service, context, id, params.ledger));
      } catch (error) {
        errors.push({ id, error: asUserError(error) });
      }
    }
    return service.store.batch(metaOf(context), (tx) => closeAll(tx, [...new Set(found)], errors, params));
  });
}

function closeAll(
  tx: Transaction,
  ids: string[],
  unknown: { id: string; error: UserError }[],
  params: Pick<ParsedParams<typeof BeadClose.spec>, 'reason' | 'force' | 'session'>,
): CloseResult {
  const { reason = 'Closed', force = false, session } = params;
  const closed: string[] = [];
  let failed: { id: string; error: UserError }[] = [];
  // Repeat until a round closes nothing: an id may be blocked only by another one of the same command.
  for (let open = ids, before = -1; open.length > 0 && closed.length > before; open = failed.map(({ id }) => id)) {
    before = closed.length;
    failed = [];
    for (const id of open) {
      try {
        tx.close(id, reason, { force, ...(session ? { session } : {}) });
        closed.push(id);
      } catch (error) {
        failed.push({ id, error: asUserError(error) });
      }
    }
  }
  const errors = [...unknown, ...failed];
  const first = errors[0]?.error;
  if (closed.length === 0 && first)
    throw new UserError(errors.map(({ error }) => error.message).join('\n'), first.hint, first.code);
  const inOrder = ids.filter((id) => closed.includes(id)).map((id) => tx.require(id));
  return {
    closed: inOrder,
    errors: errors.map(({ id, error }) => ({ id, message: error.message })),
    unblocked: unblockedBy(tx, inOrder),
  };
}

function unblockedBy(tx: Transaction, closed: readonly Bead[]): Bead[] {
  const watchers = new Map(closed.flatMap((bead) => watchersOf(tx.view, bead)).map((bead) => [bead.id, bead]));
  return [...watchers.values()].filter((bead) => bead.status === 'open' && !isBlocked(tx.view, bead));
}

function asUserError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}
