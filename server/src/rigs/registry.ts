import { UserError } from '../base/errors';
import { Disposable, Emitter } from '../base/lifecycle';
import { Mutex } from '../base/mutex';
import { requireLedger } from '../beads/storage/locate';
import type { BeadStore } from '../beads/store';
import { Rig } from './rig';
import { fastForward } from '../git/fastForward';
import type { GitFilters } from '../git/filters';
import { RigRepository } from '../git/repository';
import { filtersOf } from '../git/sourceFilters';
import { inspectSource } from '../git/source';
import type { GateInfo, RigInfo } from '../protocol/town';
import {
  commandsOf,
  mergeStrategyOf,
  rigConfigFile,
  rigsFile,
  townSettingsFile,
  type RigConfig,
  type RigSettings,
} from '../town/config';
import { gatesHash, type ConsentStore } from '../town/consent';
import type { TownLayout } from '../town/layout';
import { writeRoutes } from '../town/routes';
import { Checkouts } from './checkouts';
import { readRigConfig } from './rigConfig';
import { makeAddedRig } from './addRig';
import { moveAside } from './removedRigs';
import { rigInfo } from './rigInfo';
import { UnfinishedAdds, type UnfinishedAdd } from './unfinishedAdds';
import {
  changeSettings,
  refuseKnownSource,
  requireRigName,
  sourceOf,
  type RigAddRequest,
  type RigSetRequest,
} from './setup';

export type { RigAddRequest } from './setup';

/** Something on disk that keeps a rig from working. */
export interface RigProblem {
  rig: string;
  error: Error;
}

/** Delay after an answer, before outside changes are checked for which it did not wait. */
const OUTSIDE_MS = 100;

/** The rigs of a town: adds, loads and removes them, each with its ledger in the store. */
export class Rigs extends Disposable {
  private readonly rigs = new Map<string, Rig>();
  /** Rigs of rigs.json that cannot be opened. The town works without them. */
  private readonly broken = new Map<string, Error>();
  private readonly lastSettings = new Map<string, RigSettings>();
  private outsideTimer: NodeJS.Timeout | undefined;
  private outsideRefresh: Promise<void> = Promise.resolve();
  private readonly checkouts: Checkouts;
  private readonly unfinished: UnfinishedAdds;
  /** Held while adding and removing, which choose prefixes and change rigs.json. */
  private readonly lock = new Mutex();
  private readonly openEmitter = this._register(new Emitter<Rig>());
  private readonly closeEmitter = this._register(new Emitter<Rig>());
  readonly onDidOpen = this.openEmitter.event;
  readonly onDidClose = this.closeEmitter.event;

  constructor(
    private readonly layout: TownLayout,
    private readonly store: BeadStore,
    private readonly consent: ConsentStore,
    private readonly gateEnvironment: () => Promise<NodeJS.ProcessEnv>,
    private readonly onChanged: () => void,
  ) {
    super();
    this.unfinished = new UnfinishedAdds(layout);
    this.checkouts = new Checkouts(onChanged);
  }

  all(): Rig[] {
    return [...this.rigs.values()];
  }

  /** Rigs of the town that cannot be used; `require` throws the reason. */
  brokenNames(): string[] {
    return [...this.broken.keys()];
  }

  get(name: string): Rig | undefined {
    return this.rigs.get(name);
  }

  require(name: string): Rig {
    const rig = this.rigs.get(name);
    if (rig) return rig;
    const problem = this.broken.get(name);
    if (problem)
      throw new UserError(
        `the rig ${name} cannot be used: ${problem.message}`,
        problem instanceof UserError ? problem.hint : undefined,
        'unavailable',
      );
    throw new UserError(
      `there is no rig ${name}`,
      this.rigs.size > 0
        ? `there are: ${[...this.rigs.keys()].join(', ')}`
        : 'add one with "gt rig add <name> <url|folder>"',
      'not-found',
    );
  }

  /** Opens every rig that can be opened. */
  async load(): Promise<void> {
    for (const name of Object.keys(rigsFile(this.layout).read().rigs)) await this.tryOpen(name);
    writeRoutes(this.layout);
  }

  /** Retries the rigs that could not be opened: they may have been repaired. */
  async retryBroken(): Promise<void> {
    if (this.broken.size === 0) return;
    await this.lock.run(async () => {
      for (const name of [...this.broken.keys()]) await this.tryOpen(name);
    });
    this.onChanged();
  }

  private async tryOpen(name: string): Promise<void> {
    try {
      const config = readRigConfig(this.layout, name);
      const directory = this.layout.rig(name).ledger;
      requireLedger(directory);
      await this.store.addLedger({ name, directory, prefix: config.beads.prefix, tolerant: true });
      this.opened(this.rigOf(config));
    } catch (error) {
      this.broken.set(name, error instanceof Error ? error : new Error(String(error)));
    }
  }

  private opened(rig: Rig): void {
    this.broken.delete(rig.name);
    this.rigs.set(rig.name, rig);
    this.openEmitter.fire(rig);
  }

  private rigOf(config: RigConfig): Rig {
    const repository = new RigRepository(this.layout.rig(config.name).repository, sourceOf(config), (branch) => {
      config.default_branch = branch;
      rigConfigFile(this.layout.rig(config.name)).update((file) => {
        file.default_branch = branch;
      });
      this.onChanged();
    });
    const rig = new Rig(
      this.layout,
      config,
      repository,
      this.gateEnvironment,
      () => townSettingsFile(this.layout).read().agent_email_domain,
      (gates) => this.areAccepted(config.name, gates),
    );
    repository.filters = () => this.acceptedFilters(rig);
    repository.keepsLandings = () => rig.mergeQueue.strategy === 'local';
    return rig;
  }

  /** Filters of a rig; none until its commands are accepted. */
  private acceptedFilters(rig: Rig): GitFilters {
    const settings = this.settingsOf(rig);
    return settings && this.areAccepted(rig.name, commandsOf(settings)) ? settings.git_filters : {};
  }

  // ---------------------------------------------------------------- adding and removing

  /** Adds a rig. Repeating it after a crash continues where it stopped. */
  add(request: RigAddRequest, by: { actor: string; operation?: string }): Promise<RigInfo> {
    return this.lock.run(() => this.addLocked(request, by));
  }

  private async addLocked(request: RigAddRequest, by: { actor: string; operation?: string }): Promise<RigInfo> {
    const repeated = this.addedBy(request.name, by.operation);
    if (repeated) return this.info(repeated);
    const name = requireRigName(this.layout, request.name);
    const { credential, ...source } = await inspectSource(request.source, request.defaultBranch);
    refuseKnownSource(this.layout, source);
    return this.unfinished.run(name, { ...request, source: source.location }, () =>
      this.addNew({ ...request, name }, { ...source, credential }, by),
    );
  }

  private async addNew(
    { name, ...request }: RigAddRequest,
    { credential, ...source }: Awaited<ReturnType<typeof inspectSource>>,
    by: { actor: string; operation?: string },
  ): Promise<RigInfo> {
    const made = await makeAddedRig(
      { town: this.layout, store: this.store, open: (config) => this.rigOf(config) },
      { name, ...request },
      { ...source, credential },
      by.actor,
    );
    const { rig, settings, asWanted, prefix, tracked } = made;
    const gates = commandsOf(settings);
    // The user asked for no gates; the result states that there are none.
    if (asWanted && (request.accept || gates.length === 0)) this.accept(name, gates, by.actor);
    rigsFile(this.layout).update((file) => {
      file.rigs[name] = {
        git_url: source.location,
        added_at: new Date().toISOString(),
        beads: { prefix },
        operation: by.operation,
      };
    });
    writeRoutes(this.layout);
    this.opened(rig);
    await this.refreshFastForward(rig);
    this.onChanged();
    return { ...this.info(rig, settings), ...(request.importBeads ? {} : { trackedBeads: tracked?.info }) };
  }

  /** The rig that this same request added before a crash lost its answer. */
  private addedBy(name: string, operation: string | undefined): Rig | undefined {
    const entry = operation === undefined ? undefined : rigsFile(this.layout).read().rigs[name];
    return entry && entry.operation === operation ? this.rigs.get(name) : undefined;
  }

  /** Removes a rig, even if it cannot be opened: its folder may be gone. */
  remove(name: string): Promise<{ movedTo: string }> {
    return this.lock.run(async () => {
      const isWhole = !this.broken.has(name) && !this.unfinished.has(name);
      const rig = isWhole ? this.require(name) : this.rigs.get(name);
      const busy = rig?.worktrees() ?? [];
      if (busy.length > 0)
        throw new UserError(
          `${name} has work in ${busy.map((worktree) => worktree.name).join(', ')}`,
          `Wait until it is merged, or remove its agents, whose work is kept as snapshots: gt polecat nuke ${name}/${busy[0]!.name}`,
          'conflict',
        );
      await this.store.removeLedger(name);
      if (rig) this.closed(rig);
      this.unfinished.forget(name);
      this.broken.delete(name);
      rigsFile(this.layout).update((file) => {
        delete file.rigs[name];
      });
      writeRoutes(this.layout);
      const movedTo = moveAside(this.layout, name);
      this.onChanged();
      return { movedTo };
    });
  }

  private closed(rig: Rig): void {
    this.rigs.delete(rig.name);
    this.lastSettings.delete(rig.name);
    this.checkouts.forget(rig.name);
    this.closeEmitter.fire(rig);
  }

  // ---------------------------------------------------------------- settings and consent

  /** Settings of a rig; undefined while they are unreadable. Read again each time, because users edit the file. */
  settingsOf(rig: Rig): RigSettings | undefined {
    try {
      const { settings } = rig;
      this.lastSettings.set(rig.name, settings);
      return settings;
    } catch {
      return undefined; // `problems` has the reason
    }
  }

  /** Interrupted adds of rigs that do not exist. */
  unfinishedAdds(): UnfinishedAdd[] {
    return this.unfinished.all().filter(({ name }) => !this.rigs.has(name));
  }

  problems(): RigProblem[] {
    const unreadable = this.all().flatMap((rig): RigProblem[] => {
      try {
        void rig.settings;
        return [];
      } catch (error) {
        return [{ rig: rig.name, error: error as Error }];
      }
    });
    return [...[...this.broken].map(([rig, error]) => ({ rig, error })), ...unreadable];
  }

  /**
   * Changes settings. Commands that a person sets here are thereby accepted, unless there were commands before that are
   * not accepted.
   */
  async configure(
    { settings: { default_branch: branch, git_filters: names, ...rest }, ...request }: RigSetRequest,
    actor: string,
  ): Promise<RigInfo> {
    const rig = this.require(request.name);
    if (branch !== undefined) await rig.repository.useDefaultBranch(branch.trim());
    const wasAccepted = this.isAccepted(rig);
    const filters = names === undefined ? undefined : await filtersOf(rig.repository.source, names);
    const settings = changeSettings(rig, { ...request, settings: rest }, filters);
    if (wasAccepted) this.accept(rig.name, commandsOf(settings), actor);
    this.onChanged();
    return this.info(rig, settings);
  }

  private accept(name: string, gates: readonly GateInfo[], actor: string): void {
    this.consent.accept('rig-commands', gatesHash(name, gates), actor);
  }

  consentHash(rig: Rig): string {
    return gatesHash(rig.name, commandsOf(rig.settings));
  }

  /**
   * Whether a rig's commands are accepted. Unreadable settings count as accepted: they are a separate problem, and
   * nothing is dispatched.
   */
  isAccepted(rig: Rig): boolean {
    const settings = this.settingsOf(rig);
    return settings === undefined || this.areAccepted(rig.name, commandsOf(settings));
  }

  /** Having no gates is accepted like any other list of them. */
  areAccepted(rig: string, gates: readonly GateInfo[]): boolean {
    return this.consent.has(gatesHash(rig, gates));
  }

  info(rig: Rig, settings = this.settingsOf(rig)): RigInfo {
    const shown = settings ?? this.lastSettings.get(rig.name);
    return rigInfo(rig, {
      shown,
      mergeStrategy: mergeStrategyOf(this.layout, shown),
      isAccepted: settings !== undefined && this.areAccepted(rig.name, commandsOf(settings)),
      fastForward: this.checkouts.of(rig.name),
    });
  }

  // ---------------------------------------------------------------- fast-forward

  async fastForward(name: string): Promise<number> {
    const rig = this.require(name);
    const commits = await fastForward(rig.repository);
    await this.refreshFastForward(rig);
    return commits;
  }

  /**
   * Schedules a check for outside changes: users' checkouts, and rigs that could not be opened. One check for all calls
   * in the meantime, after their answers, because git takes longer than an answer.
   */
  scheduleExternalRefresh(): void {
    this.outsideTimer ??= setTimeout(() => {
      this.outsideRefresh = this.outsideRefresh.then(() => this.refreshExternalState());
    }, OUTSIDE_MS).unref();
  }

  private async refreshExternalState(): Promise<void> {
    this.outsideTimer = undefined;
    if (this.isDisposed) return;
    await Promise.all(this.all().map((rig) => this.refreshFastForward(rig)));
    await this.retryBroken();
  }

  /** Checks again how far the folder's checkout is behind; users change it outside of the town. */
  refreshFastForward(rig: Rig): Promise<void> {
    return this.checkouts.refresh(rig);
  }
}
