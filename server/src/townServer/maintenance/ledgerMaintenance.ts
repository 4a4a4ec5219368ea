import fs from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../base/errors';
import { isPresent } from '../../base/safePaths';
import { Disposable, toDisposable } from '../../base/lifecycle';
import { Mutex } from '../../base/mutex';
import { Debouncer, paced } from '../../base/debouncer';
import type { BeadStore } from '../../beads/store';
import { requestsIn } from '../../engine/mergeQueue/requestIndex';
import { mergeOf } from '../../engine/state/work';
import { reviewersOf } from '../../engine/review/reviewers';
import { dropLandedCrewBranches } from '../../rigs/crewBranches';
import { removeFormerReviewers } from '../../rigs/formerReviewers';
import { syncLedger } from '../../rigs/ledgerSync';
import type { Rig } from '../../rigs/rig';
import type { TownLayout } from '../../town/layout';
import { collectGarbage, pruneGateLogs } from './housekeeping';
import type { Log } from '../../base/log';
import { SNAPSHOT_LIMITS, SnapshotPruning, type SnapshotLimits } from './snapshotPruning';
import type { Rigs } from '../../rigs/registry';

/** Delay after the last change, and maximum delay after the first. */
export interface MaintenanceTimes {
  quietMs: number;
  maxMs: number;
}

/** Delays for writing the journals into the files. */
const CHECKPOINT: MaintenanceTimes = { quietMs: 1_500, maxMs: 10_000 };
/** Delays for committing the ledgers. */
const COMMIT: MaintenanceTimes = { quietMs: 15_000, maxMs: 120_000 };
/** Maximum fraction of the time for checkpoints and commits, so that a large ledger does not keep the machine busy. */
const SHARE = 0.02;
/** Delays after outside changes: an editor or a pull writes a file in several steps. */
const WATCH: MaintenanceTimes = { quietMs: 300, maxMs: 2_000 };

export interface MaintainedTown {
  layout: TownLayout;
  store: BeadStore;
  rigs: Pick<Rigs, 'all' | 'onDidOpen' | 'onDidClose'>;
  log: Log;
  /** True while a session or an action is running: then slow tasks must wait. */
  isAtWork(): boolean;
  /** Called after outside changes were read: the problems of files may have changed. */
  onChecked?(): void;
}

/** Keeps the files on disk up to date with the store. Not needed for durability, which the journal provides. */
export class LedgerMaintenance extends Disposable {
  private readonly checkpointing: Debouncer;
  private readonly committing: Debouncer;
  private readonly refreshing: Debouncer;
  private readonly watchers = new Map<string, fs.FSWatcher>();
  /** Prevents a slow commit from being overtaken by the next. */
  private readonly commits = new Mutex();
  private readonly snapshots: SnapshotPruning;

  constructor(
    private readonly town: MaintainedTown,
    times: {
      checkpoint?: MaintenanceTimes;
      commit?: MaintenanceTimes;
      share?: number;
      snapshots?: SnapshotLimits;
    } = {},
  ) {
    super();
    const { checkpoint = CHECKPOINT, commit = COMMIT, share = SHARE, snapshots = SNAPSHOT_LIMITS } = times;
    this.snapshots = new SnapshotPruning(town.store, snapshots);
    this.checkpointing = this._register(
      new Debouncer(checkpoint.quietMs, checkpoint.maxMs, () =>
        this.run('checkpoint', () => paced(this.checkpointing, share, () => this.town.store.checkpoint())),
      ),
    );
    this.committing = this._register(
      new Debouncer(commit.quietMs, commit.maxMs, () =>
        this.run('commit', () => this.commits.run(() => paced(this.committing, share, () => this.commit()))),
      ),
    );
    this.refreshing = this._register(
      new Debouncer(WATCH.quietMs, WATCH.maxMs, () => this.run('refresh', () => this.refresh())),
    );
    this._register(town.store.onDidChange(() => this.changed()));
    this._register(toDisposable(() => this.watchers.forEach((watcher) => watcher.close())));
    this.watch(town.layout.ledger);
    for (const rig of town.rigs.all()) this.watch(rig.layout.ledger);
    this._register(town.rigs.onDidOpen((rig) => this.watch(rig.layout.ledger)));
    this._register(town.rigs.onDidClose((rig) => this.unwatch(rig.layout.ledger)));
  }

  /** Watches a ledger's file for writes by others, such as a pull or the Go `bd`. */
  private watch(directory: string): void {
    this.unwatch(directory);
    try {
      const watcher = fs.watch(directory, (_event, file) => {
        if (file === 'issues.jsonl' || this.town.store.damages().length > 0 || !isPresent(directory))
          this.refreshing.changed();
      });
      watcher.on('error', (error) => this.town.log.error(`watching ${directory}: ${messageOf(error)}`));
      this.watchers.set(directory, watcher);
    } catch (error) {
      // The limit of file watchers is reached: outside changes are still merged in at the next checkpoint.
      this.town.log.error(`watching ${directory}: ${messageOf(error)}`);
    }
  }

  private async refresh(): Promise<void> {
    try {
      await this.town.store.refresh();
    } finally {
      // A folder that was removed and recreated needs a new watcher.
      for (const directory of [...this.watchers.keys()]) this.watch(directory);
      this.town.onChecked?.();
    }
  }

  private unwatch(directory: string): void {
    this.watchers.get(directory)?.close();
    this.watchers.delete(directory);
  }

  private changed(): void {
    this.checkpointing.changed();
    this.committing.changed();
  }

  private async commit(): Promise<void> {
    await this.town.store.checkpoint();
    for (const rig of this.town.rigs.all()) await this.maintainRig(rig);
    if (!this.town.isAtWork()) await this.town.store.keepIndex();
  }

  /** A failure in one rig does not keep the others from being maintained. */
  private async maintainRig(rig: Rig): Promise<void> {
    try {
      await rig.repository.restoreIfGone();
      await syncLedger(rig, this.town.store);
      pruneGateLogs(path.join(this.town.layout.gateLogs, rig.name));
      await this.snapshots.prune(rig.repository);
      if (this.town.isAtWork()) return;
      await removeFormerReviewers(rig, (reviewer) => this.town.isAtWork() || this.reviews(rig, reviewer));
      await dropLandedCrewBranches(rig, (branch) => this.hasLanded(branch));
      await collectGarbage(rig.repository);
    } catch (error) {
      this.town.log.error(`keeping ${rig.name}: ${messageOf(error)}`);
    }
  }

  private hasLanded(branch: string): boolean {
    const request = requestsIn(this.town.store).find(branch);
    return request !== undefined && mergeOf(request)?.landed !== undefined;
  }

  private reviews(rig: Rig, reviewer: string): boolean {
    return reviewersOf(rig.review).reviewers.includes(reviewer);
  }

  private run(what: string, task: () => Promise<void>): void {
    if (this.isDisposed) return;
    task().catch((error: unknown) => this.town.log.error(`${what}: ${messageOf(error)}`));
  }
}
