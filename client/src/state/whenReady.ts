import { UserError } from '../../../server/src/base/errors';
import { l10n } from '../base/l10n';
import { restrictedError } from '../connection/townConnection';
import type { Services } from '../ui/command';

const PATIENCE_MS = 30_000;

/** Settles when the town of this window answers and its picture is there. @throws UserError when that takes too long */
export function whenReady({ connection, store, town }: Pick<Services, 'connection' | 'store' | 'town'>): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (finish: () => void): void => {
      clearTimeout(timer);
      listeners.forEach((listener) => listener.dispose());
      finish();
    };
    const check = (): void => {
      const { state } = connection;
      if (state.kind === 'ready' && store.hasSnapshot) done(resolve);
      else if (state.kind === 'incompatible') done(() => reject(new UserError(state.reason, undefined, 'unavailable')));
      else if (state.kind === 'asleep') {
        done(() => reject(restrictedError()));
      } else if (state.kind === 'none' && town.finding && town.finding.kind !== 'town') {
        done(() =>
          reject(
            new UserError(l10n.t('this window has no town'), l10n.t('open the Gas Town view to make one'), 'not-found'),
          ),
        );
      }
    };
    const late = (): void =>
      done(() => {
        const { state } = connection;
        reject(
          new UserError(
            state.kind === 'lost' ? state.reason : l10n.t('the server of this town does not answer'),
            undefined,
            'unavailable',
          ),
        );
      });
    const timer = setTimeout(late, PATIENCE_MS);
    const listeners = [connection.onDidChangeState(check), store.onDidChange(check), town.onDidChange(check)];
    check();
  });
}
