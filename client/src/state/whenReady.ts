import { UserError } from '../../../server/src/base/errors';
import type { IDisposable } from '../../../server/src/base/lifecycle';
import { l10n } from '../base/editor';
import { restrictedError, type ConnectionState } from '../connection/townConnection';
import type { Finding } from '../connection/townFinder';

type Event<T> = (listener: (event: T) => void) => IDisposable;

/** The parts of the connection, the store and the resolver that decide whether the town can be used. */
export interface ReadySources {
  connection: { readonly state: ConnectionState; readonly onDidChangeState: Event<ConnectionState> };
  store: { readonly hasSnapshot: boolean; readonly onDidChange: Event<ReadonlySet<string>> };
  resolver: { readonly finding: Finding | undefined; readonly onDidChange: Event<void> };
}

const READY_LIMIT_MS = 30_000;

/**
 * Resolves when the town of this window is connected and its snapshot is loaded.
 * @throws UserError if this window has no town or may not use it, or after the time limit
 */
export function whenReady(sources: ReadySources, limitMs = READY_LIMIT_MS): Promise<void> {
  const { connection, store, resolver } = sources;
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      listeners.forEach((listener) => listener.dispose());
      settle();
    };
    const check = (): void => {
      const outcome = readiness(sources);
      if (outcome === 'ready') finish(resolve);
      else if (outcome !== 'pending') finish(() => reject(outcome));
    };
    const timer = setTimeout(() => finish(() => reject(lateError(connection.state))), limitMs);
    const listeners = [connection.onDidChangeState(check), store.onDidChange(check), resolver.onDidChange(check)];
    check();
  });
}

function readiness({ connection: { state }, store, resolver }: ReadySources): 'ready' | 'pending' | UserError {
  switch (state.kind) {
    case 'ready':
      return store.hasSnapshot ? 'ready' : 'pending';
    case 'incompatible':
      return new UserError(state.reason, undefined, 'unavailable');
    case 'notRunning':
      return restrictedError();
    case 'none':
      return resolver.finding && resolver.finding.kind !== 'town'
        ? new UserError(l10n.t('this window has no town'), l10n.t('open the Gas Town view to create one'), 'not-found')
        : 'pending';
    default:
      return 'pending';
  }
}

function lateError(state: ConnectionState): UserError {
  const reason = state.kind === 'lost' ? state.reason : l10n.t('the server of this town does not answer');
  return new UserError(reason, l10n.t('see the log ("Gas Town: Open Log")'), 'unavailable');
}
