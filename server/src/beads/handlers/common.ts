import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import type { BatchMeta, BeadStore, Transaction } from '../store';

/** Number of recent events that are searched for the last change of a caller. */
const EVENTS_LOOKED_AT = 1000;

export interface BeadHandlerOptions {
  /** The ledger of a request: the named one, else that of the caller's working directory. */
  ledgerFor(context: CallContext, named?: string): string;
  /** Keys of metadata that survive a replacement of all metadata. */
  protectedMetadata?: readonly string[];
  /** Whether prefixes are fixed, because branches and other ledgers refer to them. */
  fixedPrefixes?: boolean;
}

/** Services of the handlers. */
export interface BeadService extends BeadHandlerOptions {
  dispatcher: Dispatcher;
  store: BeadStore;
}

export function metaOf(context: CallContext): BatchMeta {
  return { actor: context.actor, operation: context.operation, kind: context.kind };
}

/** Ids of the beads that the caller named by unique parts, each once, in the order given. */
export function resolveAll(
  service: BeadService,
  context: CallContext,
  ids: readonly string[],
  named?: string,
): string[] {
  return [...new Set(ids.map((id) => resolveOne(service, context, id, named)))];
}

/** The ids that are named, else the bead that the caller changed last. */
export function idsOrLastChanged(
  service: BeadService,
  context: CallContext,
  ids: readonly string[],
  named?: string,
): readonly string[] {
  if (ids.length > 0) return ids;
  const ledger = service.ledgerFor(context, named);
  const changed = service.store
    .events(undefined, EVENTS_LOOKED_AT, ledger)
    .findLast(({ actor, bead }) => actor === context.actor && bead !== undefined && service.store.get(bead));
  if (changed?.bead === undefined)
    throw new UserError('no issue ID provided', 'You have not changed a bead lately; name one.', 'not-found');
  return [changed.bead];
}

export function resolveOne(service: BeadService, context: CallContext, id: string, named?: string): string {
  const found = service.store.resolve(id, ledgerHint(service, context, named));
  if (service.store.get(found)?.status === 'tombstone')
    throw new UserError(`no issue found matching ${JSON.stringify(id)}`, 'It was deleted.', 'not-found');
  return found;
}

/** The ledger in which partial ids are searched first; a caller outside of every ledger can still give whole ids. */
function ledgerHint(service: BeadService, context: CallContext, named: string | undefined): string | undefined {
  try {
    return service.ledgerFor(context, named);
  } catch (error) {
    if (named !== undefined || !(error instanceof UserError)) throw error;
    return undefined;
  }
}

class DryRun {
  constructor(readonly result: unknown) {}
}

/** Runs a batch, or, for a dry run, runs it and rolls everything back. */
export async function batchUnless<T>(
  dryRun: boolean | undefined,
  store: BeadStore,
  context: CallContext,
  work: (tx: Transaction) => T,
): Promise<T> {
  if (!dryRun) return store.batch(metaOf(context), work);
  try {
    await store.batch({ actor: context.actor }, (tx) => {
      throw new DryRun(work(tx)) as unknown as Error;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.result as T;
    throw error;
  }
  throw new Error('a dry run must not commit');
}

/** Refuses a template: templates are changed by cooking their formula, never by hand. */
export function refuseTemplate(bead: Bead): void {
  if (bead.is_template) {
    throw new UserError(
      `cannot modify template ${bead.id}: templates are read-only; use 'bd mol pour' to create a work item`,
      undefined,
      'refused',
    );
  }
}
