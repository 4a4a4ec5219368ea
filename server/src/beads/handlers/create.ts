import { UserError } from '../../base/errors';
import { BeadCreate, type Bead, type DependencyType } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ParsedParams } from '../../protocol/request';
import { dependencyFromInput, isExternal } from '../model/dependencies';
import type { BeadService } from './common';
import type { NewBead, Transaction } from '../store';
import { batchUnless, resolveOne } from './common';

type CreateParams = ParsedParams<typeof BeadCreate.spec>;

export function registerCreateHandlers(service: BeadService): void {
  service.dispatcher.on(BeadCreate.spec, async (params, context) => {
    const parent = params.parent === undefined ? undefined : resolveOne(service, context, params.parent, params.ledger);
    const ledger = targetLedger(service, context, params, parent);
    const deps = (params.deps ?? []).map(([type, id]) => ({
      ...dependencyFromInput(type),
      id: isExternal(id) ? id : resolveOne(service, context, id, params.ledger),
    }));
    return batchUnless(params.dryRun, service.store, context, (tx) => create(tx, ledger, params, parent, deps));
  });
}

function create(
  tx: Transaction,
  ledger: string,
  params: CreateParams,
  parent: string | undefined,
  deps: { type: DependencyType; swap: boolean; id: string }[],
): Bead {
  const bead: NewBead = {
    title: params.title,
    ...given({
      description: params.description,
      design: params.design,
      acceptance_criteria: params.acceptance,
      notes: params.notes,
      type: params.type,
      priority: params.priority,
      assignee: params.assignee,
      external_ref: params.externalRef,
      defer_until: params.defer,
    }),
    ...(params.metadata ? { metadata: params.metadata } : {}),
    ...(params.labels ? { labels: params.labels } : {}),
    ...(params.ephemeral ? { ephemeral: true } : {}),
    ...(params.id === undefined ? {} : { id: params.id }),
    ...(parent === undefined ? {} : { parent }),
  };
  if (params.type?.trim() === '') throw new UserError('invalid issue type: (empty)');
  const created = tx.create(ledger, bead);
  for (const { type, swap, id } of deps) {
    if (swap) tx.addDependency(id, created.id, type);
    else tx.addDependency(created.id, id, type);
  }
  return tx.require(created.id);
}

/** Said by ledger or prefix; else by the id or the parent; else by where the caller is. */
function targetLedger(
  service: BeadService,
  context: CallContext,
  params: CreateParams,
  parent: string | undefined,
): string {
  if (params.ledger !== undefined) return service.ledgerFor(context, params.ledger);
  if (params.prefix !== undefined) {
    const named = service.store.ledgerNamed(params.prefix);
    if (named === undefined) {
      const known = service.store
        .prefixes()
        .map(({ prefix, ledger }) => `${prefix}- (${ledger})`)
        .join(', ');
      throw new UserError(
        `no ledger has the prefix ${JSON.stringify(params.prefix)}`,
        `There are: ${known}`,
        'not-found',
      );
    }
    return named;
  }
  const byId = params.id === undefined ? undefined : service.store.ledgerOf(params.id);
  return byId ?? (parent === undefined ? undefined : service.store.ledgerOf(parent)) ?? service.ledgerFor(context);
}

/** Empty texts are as good as none. */
function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
