import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { registerChangeHandlers } from './change';
import { registerCloseHandlers } from './close';
import { registerCreateHandlers } from './create';
import { registerDependencyHandlers } from './dependency';
import { registerFileHandlers } from './file';
import { registerReadHandlers } from './read';
import type { BeadStore } from '../store';

export interface BeadHandlerOptions {
  /** The ledger that a request means: the named one, else the one of the caller's working directory. */
  ledgerFor(context: CallContext, named?: string): string;
}

/** What every handler works with. */
export interface BeadService extends BeadHandlerOptions {
  dispatcher: Dispatcher;
  store: BeadStore;
}

/** Registers a handler for every request about beads alone (`beadRequests`). */
export function registerBeadHandlers(dispatcher: Dispatcher, store: BeadStore, options: BeadHandlerOptions): void {
  const service: BeadService = { dispatcher, store, ledgerFor: (context, named) => options.ledgerFor(context, named) };
  registerCreateHandlers(service);
  registerReadHandlers(service);
  registerChangeHandlers(service);
  registerCloseHandlers(service);
  registerDependencyHandlers(service);
  registerFileHandlers(service);
}
