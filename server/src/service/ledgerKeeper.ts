import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../base/atomicFile';
import { messageOf } from '../base/errors';
import { Disposable, toDisposable } from '../base/lifecycle';
import type { BeadStore } from '../beads/store';
import { commitLedger } from '../git/ledgerBranch';
import type { TownLayout } from '../town/layout';
import type { Log } from './log';
import type { Rigs } from './rigs';

/** After so long without a change the journals are folded into the files. */
const FOLD_MS = 1_500;
/** After so long the ledgers are committed, and the SQLite file for people is written. */
const COMMIT_MS = 15_000;
/** An editor or a pull writes a file in several steps. */
const WATCH_MS = 300;

/** Keeps what lies on disk close to what the store knows: never needed for durability, which the journal gives. */
export class LedgerKeeper extends Disposable {
  private foldTimer: NodeJS.Timeout | undefined;
  private commitTimer: NodeJS.Timeout | undefined;
  private watchTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly layout: TownLayout,
    private readonly store: BeadStore,
    private readonly rigs: Rigs,
    private readonly log: Log,
  ) {
    super();
    this._register(store.onDidChange(() => this.changed()));
    this._register(toDisposable(() => [this.foldTimer, this.commitTimer, this.watchTimer].forEach((timer) => clearTimeout(timer))));
  }

  /** Hears when somebody else writes a ledger's file, such as a pull or the Go `bd`. */
  watch(directory: string): void {
    try {
      const watcher = fs.watch(directory, (_event, file) => {
        if (file !== 'issues.jsonl') return;
        clearTimeout(this.watchTimer);
        this.watchTimer = setTimeout(() => this.run('refresh', () => this.store.refresh()), WATCH_MS);
      });
      watcher.on('error', (error) => this.log.error(`watching ${directory}: ${messageOf(error)}`));
      this._register(toDisposable(() => watcher.close()));
    } catch (error) {
      // Out of watchers: changes from outside are still merged in at the next fold.
      this.log.error(`watching ${directory}: ${messageOf(error)}`);
    }
  }

  private changed(): void {
    clearTimeout(this.foldTimer);
    clearTimeout(this.commitTimer);
    this.foldTimer = setTimeout(() => this.run('fold', () => this.store.fold()), FOLD_MS);
    this.commitTimer = setTimeout(() => this.run('commit', () => this.commit()), COMMIT_MS);
  }

  private async commit(): Promise<void> {
    await this.store.fold();
    for (const rig of this.rigs.all()) await commitLedger(rig.repository, rig.layout.ledger, { name: 'deacon', email: 'deacon@gastown.local' });
    writeFileAtomic(path.join(this.layout.ledger, 'beads.db'), this.store.exportDatabase());
  }

  private run(what: string, task: () => Promise<void>): void {
    if (this.isDisposed) return;
    task().catch((error: unknown) => this.log.error(`${what}: ${messageOf(error)}`));
  }
}
