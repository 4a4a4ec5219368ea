import { nudgeWatchers } from '../engine/convoys/nudgeWatchers';
import { mergeOf } from '../engine/state/work';
import { FileReader } from './fileReader';
import { Disposable, Emitter, toDisposable } from '../base/lifecycle';
import { messageOf, UserError } from '../base/errors';
import { argumentText } from '../base/text';
import type { Lease } from '../base/lease';
import { requireLedger } from '../beads/storage/locate';
import type { BeadStore } from '../beads/store';
import { Activities } from '../engine/loop/activities';
import { ActionLog } from '../engine/loop/actionLog';
import { LocalProvider } from '../sessions/providers/local/localProvider';
import { SessionManager } from '../sessions/manager';
import { SessionRecords, type SessionRecord } from '../sessions/records';
import type { EngineContext } from '../engine/loop/context';
import { Engine } from '../engine/loop/engine';
import { hasWork } from '../engine/state/pendingWork';
import { Projection } from '../engine/state/projection';
import { cleanEnvironment, loginEnvironment } from '../agents/environment';
import { agentGitSettings } from '../agents/gitSettings';
import type { AuditEvent } from '../protocol/bead';
import { Dispatcher } from '../protocol/dispatcher';
import { townSchemas } from '../protocol/schemas';
import type { AttentionInfo, BoardQuery, TownSnapshot } from '../protocol/town';
import { townFile } from '../town/config';
import { ConsentStore } from '../town/consent';
import { TownLayout } from '../town/layout';
import { isRegistered, markRegistered } from '../town/registry';
import { Consents } from './consent/consents';
import { messageFor, type PersonMessage } from './personMessages';
import { SnapshotFeed, type ConnectionDelta } from './snapshot/snapshotFeed';
import { SnapshotSchedule } from './snapshot/snapshotSchedule';
import { sessionLauncher } from '../agents/launch';
import { conversationUsage } from '../agents/usage/conversationUsage';
import { recordUsage } from '../engine/history/recordUsage';
import { ExternalMaintenance } from './maintenance/externalMaintenance';
import { openTownStore } from './maintenance/townStore';
import { LedgerMaintenance } from './maintenance/ledgerMaintenance';
import type { Log } from '../base/log';
import { InteractiveSessions } from '../engine/supervision/interactiveSessions';
import { agentInfos } from './snapshot/agentInfos';
import { townAttention } from './snapshot/townAttention';
import { Rigs } from '../rigs/registry';
import { RuntimeCatalogue } from '../agents/catalogue';
import { FormulaService } from '../formulas/service/formulaService';
import { JobWorker } from '../base/jobs/jobWorker';
import { bundledFile } from '../base/bundledFile';
import { EngineView } from './engineView';
import { workflowOf } from './formulas';
import { EngineSwitch } from './engineSwitch';
import { WorkRuntimes } from './workRuntimes';

/** One town, running: ledgers, rigs, sessions and the engine, and the handlers of all requests. */
export class TownService extends Disposable {
  readonly dispatcher = new Dispatcher(townSchemas);
  readonly projection: Projection;
  readonly sessions: SessionManager;
  readonly records: SessionRecords;
  readonly consentStore: ConsentStore;
  readonly rigs: Rigs;
  readonly runtimes: RuntimeCatalogue;
  readonly engineContext: EngineContext;
  readonly interactive = new InteractiveSessions(this);
  readonly town: EngineSwitch;
  readonly work: WorkRuntimes;
  readonly consents: Consents;
  readonly engineView: EngineView;
  readonly engine: Engine;
  private readonly actionLog: ActionLog;
  private readonly activity = new Activities();
  readonly feed: SnapshotFeed;
  private readonly schedule: SnapshotSchedule;

  private readonly deltaEmitter = this._register(new Emitter<ConnectionDelta>());
  private readonly eventEmitter = this._register(new Emitter<AuditEvent>());
  private readonly personEmitter = this._register(new Emitter<PersonMessage>());
  private readonly retireEmitter = this._register(new Emitter<void>());
  readonly onDelta = this.deltaEmitter.event;
  readonly onEvent = this.eventEmitter.event;
  readonly onPersonMessage = this.personEmitter.event;
  readonly onRetire = this.retireEmitter.event;
  /** Parses, checks and cooks formulas, and runs the language features for open documents, in a worker thread. */
  readonly formulaJobs: JobWorker;
  readonly formulas: FormulaService;

  private constructor(
    readonly layout: TownLayout,
    readonly store: BeadStore,
    private readonly log: Log,
  ) {
    super();
    this.formulaJobs = new JobWorker({ script: bundledFile('formulaWorker.js'), log: (text) => log.error(text) });
    this.formulas = new FormulaService(this.formulaJobs);
    this.projection = new Projection(
      store,
      (rig) => this.work.reviewSetting(rig),
      () => this.engineView.whyNots(),
    );
    this.town = new EngineSwitch(layout, store);
    this.consentStore = new ConsentStore(layout.root);
    this.records = new SessionRecords(layout);
    this.runtimes = new RuntimeCatalogue(layout, (rig) => this.rigs.get(rig)?.settings);
    this.rigs = this._register(
      new Rigs(
        layout,
        store,
        this.consentStore,
        async () => ({ ...cleanEnvironment(await loginEnvironment()), ...agentGitSettings() }),
        () => this.changed(),
      ),
    );
    this.work = new WorkRuntimes(this.rigs, this.runtimes, (blocks) => this.consents.isScriptAccepted(blocks));
    this.consents = new Consents(store, this.consentStore, {
      nameFor: (bead, rig) => this.work.runtimeOf(bead, rig),
      isUsable: (rig) => this.work.isUsable(rig),
      find: (name) => this.runtimes.find(name),
      isFrozen: (bead, rig) => this.work.hasFrozenScript(bead, rig),
      others: () => [...this.work.reviewers(), ...this.interactive.runtimes()],
    });
    this.sessions = this._register(
      new SessionManager({
        layout,
        records: this.records,
        provider: new LocalProvider(layout.root),
        launch: sessionLauncher({ layout, requireRig: (name) => void this.rigs.require(name) }, (runtime) =>
          this.consents.isRuntimeAccepted(runtime.name, runtime),
        ),
        onChange: () => this.changed(),
        onEnded: (record) => void this.recordUsage(record),
        log,
        acceptsText: (runtime) => (this.runtimes.find(runtime)?.prompt ?? 'none') !== 'none',
        asks: (runtime, screen) => this.runtimes.asks(runtime, screen),
      }),
    );
    this.engineContext = {
      store,
      sessions: this.sessions,
      clock: { now: () => new Date() },
      activity: this.activity,
      person: { notify: (message) => this.personEmitter.fire(message) },
      rig: (name) => this.rigs.get(name),
      defaultRuntime: (rig) => this.runtimes.defaultFor(rig),
      workflow: (rig) => workflowOf(this.formulas, layout, this.rigs.require(rig)),
      reviewerRuntime: (rig, reviewer) => this.runtimes.reviewerFor(rig, reviewer),
      isAccepted: { script: (blocks) => this.consents.isScriptAccepted(blocks) },
      onActivity: () => this.schedule.changed(),
    };
    this.engineView = new EngineView({
      store,
      sessions: this.sessions,
      rigs: this.rigs,
      runtimes: this.runtimes,
      work: this.work,
      consents: this.consents,
      isUp: () => this.town.info().up,
    });
    this.feed = new SnapshotFeed(
      {
        store,
        projection: this.projection,
        whyNots: () => this.engineView.whyNots(),
        town: () => this.town.info(),
        rigs: () => this.rigs.all().map((rig) => this.rigs.info(rig)),
        agents: () =>
          agentInfos({
            store,
            rigs: this.rigs.all(),
            sessions: this.sessions.all(),
            up: this.town.info().up,
            activity: this.activity,
            runtimeOf: (session) => this.records.get(session)?.runtime,
          }),
        attention: () => this.attention(),
      },
      (delta) => this.deltaEmitter.fire(delta),
    );
    this.schedule = this._register(new SnapshotSchedule(this.feed, log));
    this.actionLog = new ActionLog(layout.actionLog);
    const fileReader = new FileReader({
      rigs: this.rigs,
      commitOf: (request) => {
        const bead = store.get(request);
        return bead && mergeOf(bead)?.commit;
      },
      onChange: () => this.engine.kick(),
      log,
    });
    this.engine = this._register(
      new Engine(this.engineContext, this.actionLog, {
        buildView: (inFlight, awakeSince) => this.engineView.build(inFlight, awakeSince),
        onLook: (view) => {
          this.sessions.watchServer(this.isAtWork() || hasWork(view));
          fileReader.look(view);
        },
        log,
      }),
    );
  }

  /** Opens a town. @throws UserError for a folder that is not a town of this user */
  static async open(root: string, log: Log, lease: Pick<Lease, 'epoch' | 'isCurrent'>): Promise<TownService> {
    const layout = new TownLayout(root);
    if (!townFile(layout).exists())
      throw new UserError(`${root} is not a town`, `Create one with: gt install ${argumentText(root)}`, 'not-found');
    if (!isRegistered(root))
      throw new UserError(
        `the town ${root} is not in your registry`,
        `If you trust it, run: gt install ${argumentText(root)}`,
        'refused',
      );
    await markRegistered(root);
    const { store, worker } = await openTownStore(layout, log, lease);
    const service = new TownService(layout, store, log);
    service._register(toDisposable(() => void worker.dispose()));
    await service.load();
    return service;
  }

  private async load(): Promise<void> {
    requireLedger(this.layout.ledger);
    await this.store.addLedger({ name: 'hq', directory: this.layout.ledger, prefix: 'hq', tolerant: true });
    await this.rigs.load();
    this._register(
      new LedgerMaintenance({
        layout: this.layout,
        store: this.store,
        rigs: this.rigs,
        log: this.log,
        isAtWork: () => this.isAtWork(),
        onChecked: () => this.changed(),
      }),
    );
    this._register(new ExternalMaintenance(this.store));
    await this.sessions.recover();
    for (const unfinished of this.actionLog.recover())
      this.log.info(`unfinished before this start: ${unfinished.type} ${unfinished.key}`);
    this._register(this.store.onDidChange(({ ids, events }) => this.storeChanged(ids, events)));
    this._register(
      this.store.board.onDidRecompute((ids) => {
        this.feed.model.statesRecomputed(ids);
        this.schedule.changed();
      }),
    );
    await Promise.all(this.rigs.all().map((rig) => this.rigs.refreshFastForward(rig)));
  }

  /** Starts the first tick of the engine. */
  start(): void {
    this.engine.kick(0);
  }

  /**
   * Starts no more actions and cancels running ones.
   * @returns keys of actions that had not ended after `limitMs`
   */
  cancelWork(limitMs: number): Promise<string[]> {
    this.schedule.stop();
    this.sessions.watchServer(false);
    return this.engine.stop(limitMs);
  }

  /** Refuses further writes, because the town belongs to another server now. */
  refuseWrites(): void {
    void this.store.close();
  }

  /** To be called after `cancelWork`: writes the ledgers' files and releases all resources. */
  async stop(): Promise<void> {
    await this.formulaJobs.dispose();
    await this.sessions.endIdleHost();
    await this.store.checkpoint();
    await this.keepIndex();
    this.dispose();
    await this.store.close();
  }

  private async keepIndex(): Promise<void> {
    try {
      await this.store.keepIndex();
    } catch (error) {
      this.log.error(`keeping the index: ${messageOf(error)}`);
    }
  }

  /** The current items that need a person. */
  attention(): AttentionInfo[] {
    const { store, rigs, sessions, consents } = this;
    return townAttention({ store, rigs, sessions, consents, reviewSetting: (rig) => this.work.reviewSetting(rig) });
  }

  /** Starts or pauses the engine. */
  async setUp(up: boolean, actor: string): Promise<void> {
    if (await this.town.set(up, actor)) this.changed();
  }

  /** Keeps what an agent's conversation has used, as its program recorded it. */
  private async recordUsage({ agent, runtime, bead, conversation }: SessionRecord): Promise<void> {
    const seat = this.layout.locationOf(agent);
    const settings = this.runtimes.find(runtime);
    if (!seat || !settings || !conversation || bead === undefined) return;
    try {
      const tokens = await conversationUsage(settings, seat.cwd, conversation);
      if (tokens) await recordUsage(this.store, { agent, bead, at: new Date() }, { id: conversation.id, tokens });
    } catch (error) {
      this.log.error(`cannot record the tokens of ${agent} for ${bead}: ${messageOf(error)}`);
    }
  }

  /** To be called if the input of windows or of the engine may have changed. */
  changed(): void {
    this.engine.kick();
    this.schedule.changed();
  }

  retire(): void {
    this.retireEmitter.fire();
  }

  /** Whether a session or an action is running. */
  isAtWork(): boolean {
    return this.engine.isBusy || this.sessions.all().some((session) => !session.exit);
  }

  /** Whether the server has work: sessions, actions, or pending work. */
  isBusy(): boolean {
    if (this.isAtWork()) return true;
    return hasWork(this.engineView.build());
  }

  /** Checks damaged ledgers again, so that one which was just repaired is not reported. */
  async recheckDamages(): Promise<void> {
    if (this.store.damages().length > 0) await this.store.refresh().catch(() => undefined); // `damages` has the reason
  }

  /**
   * Subscribes a connection. @param once for a client that only needs one snapshot
   * @param board lists that the connection watches
   */
  subscribe(connection: string | undefined, once = false, board?: BoardQuery): TownSnapshot {
    this.rigs.scheduleExternalRefresh();
    if (once || connection === undefined) return this.feed.snapshot();
    const snapshot = this.feed.subscribe(connection, board);
    this.schedule.changed(); // for changes that the model did not get since the last update
    return snapshot;
  }

  private storeChanged(ids: readonly string[], events: readonly AuditEvent[]): void {
    this.feed.model.beadsChanged(ids);
    for (const event of events) {
      const rig = event.type === 'merged' && event.rig ? this.rigs.get(event.rig) : undefined;
      if (rig) void this.rigs.refreshFastForward(rig);
      nudgeWatchers(this.store, this.sessions, event);
      const message = messageFor(event);
      if (message) this.personEmitter.fire(message);
      this.eventEmitter.fire(event);
    }
    this.changed();
  }
}
