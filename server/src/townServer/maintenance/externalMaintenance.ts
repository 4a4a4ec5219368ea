import { Debouncer } from '../../base/debouncer';
import { Disposable, toDisposable } from '../../base/lifecycle';
import type { BeadStore } from '../../beads/store';

/** Delay after the last change, and maximum delay after the first. Milliseconds. */
const AFTER_CHANGE = { quietMs: 50, maxMs: 500 };
/** Interval for checking external dependencies in other ledgers. Milliseconds. */
const EVERY_MS = 10_000;

/** Keeps the states of external dependencies of a town up to date. */
export class ExternalMaintenance extends Disposable {
  /** @param everyMs interval for checking other ledgers */
  constructor(store: Pick<BeadStore, 'externals' | 'onDidChange'>, everyMs = EVERY_MS) {
    super();
    const refresh = (): void => void store.externals.refresh();
    const changed = this._register(new Debouncer(AFTER_CHANGE.quietMs, AFTER_CHANGE.maxMs, refresh));
    this._register(
      store.onDidChange(() => {
        if (store.externals.isOutdated) changed.changed();
      }),
    );
    const timer = setInterval(refresh, everyMs).unref();
    this._register(toDisposable(() => clearInterval(timer)));
    refresh();
  }
}
