import type { Dispatcher } from '../../protocol/dispatcher';
import { registerBatchHandlers } from './batch';
import { registerChangeHandlers } from './change';
import { registerCloseHandlers } from './close';
import { registerCreateHandlers } from './create';
import { registerDependencyHandlers } from './dependency';
import { registerFileHandlers } from './file';
import { registerMoveHandler } from './move';
import { registerPrefixHandlers } from './prefix';
import { registerReadHandlers } from './read';
import { registerSettingsHandlers } from './settings';
import { registerReplaceHandlers } from './replace';
import type { BeadStore } from '../store';
import type { BeadHandlerOptions, BeadService } from './common';

/** Registers a handler for every request about beads alone (`beadRequests`). */
export function registerBeadHandlers(dispatcher: Dispatcher, store: BeadStore, options: BeadHandlerOptions): void {
  const service: BeadService = { ...options, dispatcher, store };
  registerCreateHandlers(service);
  registerReadHandlers(service);
  registerChangeHandlers(service);
  registerBatchHandlers(service);
  registerCloseHandlers(service);
  registerDependencyHandlers(service);
  registerReplaceHandlers(service);
  registerMoveHandler(service);
  registerSettingsHandlers(service);
  registerPrefixHandlers(service);
  registerFileHandlers(service);
}
