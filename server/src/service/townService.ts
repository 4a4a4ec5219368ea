import { Disposable, Emitter } from '../base/lifecycle';
import { messageOf, UserError } from '../base/errors';
import { registerBeadHandlers } from '../beads/handlers';
import { BeadStore } from '../beads/store';
import { ActionLog } from '../engine/actionLog';
import { SessionManager } from '../engine/adapters/sessions';
import { SessionRecords } from '../engine/adapters/sessionRecords';
import { buildView } from '../engine/buildView';
import type { EngineContext } from '../engine/context';
import { registerConvoyHandlers } from '../engine/convoys';
import { Engine } from '../engine/engine';
import { Projection } from '../engine/projection';
import { isHooked } from '../engine/view';
import { workOf } from '../engine/work';
import { cleanEnvironment, loginEnvironment } from '../agents/environment';
import { BeadClose, BeadCreate, BeadUpdate, type AuditEvent, type Bead } from '../protocol/bead';
import { Dispatcher, type CallContext } from '../protocol/dispatcher';
import type { TownDelta, TownInfo, TownSnapshot } from '../protocol/town';
import { townFile, townSettingsFile } from '../town/config';
import { ConsentStore } from '../town/consent';
import { rigOfDirectory, TownLayout } from '../town/layout';
import { isRegistered } from '../town/registry';
import { Consents } from './consents';
import { PictureDiffer, type Picture } from './differ';
import { registerAgentHandlers } from './handlers/agents';
import { registerTownHandlers } from './handlers/town';
import { sessionLauncher } from './launcher';
import { LedgerKeeper } from './ledgerKeeper';
import type { Log } from './log';
import { takePicture } from './picture';
import { Rigs } from './rigs';
import { RuntimeCatalogue } from './runtimeSettings';

/** Pictures are sent at most so often. */
const PICTURE_MS = 40;

export type PersonMessage = { severity: 'info' | 'warning' | 'error'; text: string; convoy?: string; bead?: string };

/** One town, running: ledgers, rigs, sessions and the engine, and the handlers of everything that can be asked of it. */
export class TownService extends Disposable {
  readonly dispatcher = new Dispatcher();
  readonly projection: Projection;
  readonly sessions: SessionManager;
  readonly records: SessionRecords;
  readonly consentStore: ConsentStore;
  readonly rigs: Rigs;
  readonly runtimes: RuntimeCatalogue;
  readonly engineContext: EngineContext;
  private readonly consents: Consents;
  private readonly engine: Engine;
  private readonly actionLog: ActionLog;
  private readonly activity = new Map<string, string>();
  private readonly lastSpawn = new Map<string, number>();
  private readonly subscribers = new Set<string>();
  private differ: PictureDiffer | undefined;
  private pictureTimer: NodeJS.Timeout | undefined;

  private readonly deltaEmitter = this._register(new Emitter<TownDelta>());
  private readonly eventEmitter = this._register(new Emitter<AuditEvent>());
  private readonly personEmitter = this._register(new Emitter<PersonMessage>());
  private readonly retireEmitter = this._register(new Emitter<void>());
  readonly onDelta = this.deltaEmitter.event;
  readonly onEvent = this.eventEmitter.event;
  readonly onPersonMessage = this.personEmitter.event;
  readonly onRetire = this.retireEmitter.event;

  private constructor(
    readonly layout: TownLayout,
    readonly store: BeadStore,
    private readonly log: Log,
  ) {
    super();
    this.projection = new Projection(store);
    this.consentStore = new ConsentStore(layout.root);
    this.records = new SessionRecords(layout);
    this.runtimes = new RuntimeCatalogue(layout, () => this.rigs);
    this.rigs = this._register(new Rigs(layout, store, this.consentStore, async () => cleanEnvironment(await loginEnvironment()), () => this.changed()));
    this.consents = new Consents(store, this.consentStore, this.runtimes);
    this.sessions = this._register(new SessionManager({
      root: layout.root, records: this.records, launch: sessionLauncher(this), onChange: () => this.changed(), log,
    }));
    this.engineContext = {
      store, sessions: this.sessions, clock: { now: () => new Date() }, activity: this.activity,
      person: { notify: (message) => this.personEmitter.fire(message) },
      rig: (name) => this.rigs.get(name),
      defaultRuntime: (rig) => this.runtimes.defaultFor(rig),
      onActivity: () => this.pictureSoon(),
    };
    this.actionLog = new ActionLog(layout.actionLog);
    this.engine = this._register(new Engine(this.engineContext, this.actionLog, { buildView: (inFlight) => this.view(inFlight), log }));
  }

  /** @throws UserError for a folder that is no town of this person */
  static async open(root: string, log: Log): Promise<TownService> {
    const layout = new TownLayout(root);
    if (!townFile(layout).exists()) throw new UserError(`${root} is no town`, 'make one with "gt install"', 'not-found');
    if (!isRegistered(root)) throw new UserError(`the town ${root} is not known to you`, `if you trust it, run "gt install ${root}"`, 'refused');
    const store = await BeadStore.open({ onError: (error) => log.error(messageOf(error)) });
    const service = new TownService(layout, store, log);
    await service.load();
    return service;
  }

  private async load(): Promise<void> {
    await this.store.addLedger({ name: 'hq', directory: this.layout.ledger, prefix: 'hq' });
    await this.rigs.load();
    const keeper = this._register(new LedgerKeeper(this.layout, this.store, this.rigs, this.log));
    for (const directory of [this.layout.ledger, ...this.rigs.all().map((rig) => rig.layout.ledger)]) keeper.watch(directory);
    registerBeadHandlers(this.dispatcher, this.store, {
      ledgerFor: (context, named) => this.ledgerFor(context.cwd, named),
    });
    this.guardBeadHandlers();
    registerConvoyHandlers(this.dispatcher, { store: this.store, projection: this.projection, isRig: (ledger) => this.rigs.get(ledger) !== undefined });
    registerTownHandlers(this);
    registerAgentHandlers(this);
    await this.sessions.recover();
    for (const unfinished of this.actionLog.recover()) this.log.info(`unfinished before this start: ${unfinished.type} ${unfinished.key}`);
    this._register(this.store.onDidChange(({ events }) => this.storeChanged(events)));
    await Promise.all(this.rigs.all().map((rig) => this.rigs.refreshFastForward(rig)));
  }

  /** Lets the engine look for the first time. */
  start(): void {
    this.engine.kick(0);
  }

  async stop(): Promise<void> {
    clearTimeout(this.pictureTimer);
    await this.engine.stop();
    await this.sessions.endIdleHost();
    await this.store.fold();
    this.dispose();
    await this.store.close();
  }

  info(): TownInfo {
    const settings = townSettingsFile(this.layout).read();
    return { id: 'town', name: townFile(this.layout).read().name, root: this.layout.root, up: settings.up, defaultAgent: settings.default_agent };
  }

  async setUp(up: boolean, actor: string): Promise<void> {
    if (townSettingsFile(this.layout).read().up === up) return;
    townSettingsFile(this.layout).update((settings) => { settings.up = up; });
    await this.store.batch({ actor }, (tx) => tx.event({ type: up ? 'town_up' : 'town_down' }));
    this.changed();
  }

  /** Something that windows show or the engine decides on may be different now. */
  changed(): void {
    this.engine.kick();
    this.pictureSoon();
  }

  retire(): void {
    this.retireEmitter.fire();
  }

  /** True while ending the server would stop something: sessions, actions, or work that waits for its turn. */
  isBusy(): boolean {
    if (this.engine.isBusy || this.sessions.all().some((session) => !session.exit)) return true;
    if (!this.info().up) return false;
    const view = this.view(new Set());
    return view.merges.length > 0 || view.work.some((work) => !work.blocked && !work.held && work.consented && work.status !== 'in_review');
  }

  // ---------------------------------------------------------------- pictures

  subscribe(connection: string | undefined): TownSnapshot {
    if (connection !== undefined) this.subscribers.add(connection);
    for (const rig of this.rigs.all()) void this.rigs.refreshFastForward(rig);
    this.sendPicture();
    this.differ ??= new PictureDiffer(this.picture());
    return this.differ.snapshot();
  }

  isSubscribed(connection: string): boolean {
    return this.subscribers.has(connection);
  }

  unsubscribe(connection: string): void {
    this.subscribers.delete(connection);
  }

  picture(): Picture {
    return takePicture({
      town: this.info(), store: this.store, projection: this.projection, rigs: this.rigs, sessions: this.sessions.all(),
      activity: this.activity, runtimeOf: (session) => this.records.get(session)?.runtime,
      openConsents: () => this.consents.open((bead) => this.rigOf(bead)),
    });
  }

  private pictureSoon(): void {
    if (this.subscribers.size === 0 || this.isDisposed) return;
    this.pictureTimer ??= setTimeout(() => this.sendPicture(), PICTURE_MS);
  }

  private sendPicture(): void {
    clearTimeout(this.pictureTimer);
    this.pictureTimer = undefined;
    const delta = this.differ?.update(this.picture());
    if (delta) this.deltaEmitter.fire(delta);
  }

  // ---------------------------------------------------------------- what the engine sees

  private view(inFlight: ReadonlySet<string>) {
    return buildView({
      store: this.store, sessions: this.sessions, up: this.info().up, now: new Date(), inFlight,
      rigs: this.rigs.all().map((port) => ({
        port, settings: port.settings, accepted: this.rigs.isAccepted(port), lastSpawnAt: this.lastSpawn.get(port.name) ?? 0,
      })),
      consented: (bead, rig) => this.consents.given(bead, rig),
    });
  }

  private storeChanged(events: readonly AuditEvent[]): void {
    for (const event of events) {
      if (event.type === 'slung' && event.rig) this.lastSpawn.set(event.rig, Date.now());
      if (event.type === 'merged' && event.rig) void this.rigs.refreshFastForward(this.rigs.require(event.rig));
      if (event.type === 'escalated' || event.type === 'failed') this.personEmitter.fire({ severity: 'warning', text: event.message ?? event.type, bead: event.bead });
      this.eventEmitter.fire(event);
    }
    this.changed();
  }

  /** The rig that would work on a bead, if it was slung or a launched convoy tracks it. */
  private rigOf(bead: Bead): string | undefined {
    const ledger = this.store.ledgerOf(bead.id);
    const slung = workOf(bead).slung?.rig;
    const tracked = this.store.dependents(bead.id, 'tracks').some((convoy) => convoy.status === 'open');
    return slung ?? (tracked && ledger !== 'hq' ? ledger : undefined);
  }

  private ledgerFor(cwd: string | undefined, named: string | undefined): string {
    const names = this.rigs.all().map((rig) => rig.name);
    if (named !== undefined) {
      const plain = named.replace(/-$/, '');
      const found = plain === 'hq' ? 'hq' : this.rigs.all().find((rig) => rig.name === plain || rig.prefix === plain)?.name;
      if (!found) throw new UserError(`there is no ledger ${named}`, `there are: hq, ${names.join(', ')}`, 'not-found');
      return found;
    }
    return (cwd === undefined ? undefined : rigOfDirectory(this.layout.root, cwd, names)) ?? 'hq';
  }

  private guardBeadHandlers(): void {
    const acceptScript = (bead: Bead, by: string): void => this.consents.acceptScriptOf(bead, by);
    this.dispatcher.wrap(BeadCreate.spec, (next) => async (params, context) => {
      const bead = await next(params, context);
      acceptScript(bead, context.actor);
      return bead;
    });
    this.dispatcher.wrap(BeadUpdate.spec, (next) => async (params, context) => {
      if (params.status !== undefined) this.refuseOwnHook(params.ids, context);
      const beads = await next(params, context);
      if (params.description !== undefined) for (const bead of beads) acceptScript(bead, context.actor);
      return beads;
    });
    this.dispatcher.wrap(BeadClose.spec, (next) => async (params, context) => {
      this.refuseOwnHook(params.ids, context);
      return next(params, context);
    });
  }

  /** Work ends in the merge queue, not by closing the bead: its commits would be lost to sight. */
  private refuseOwnHook(ids: readonly string[], context: CallContext): void {
    if (context.kind !== 'agent') return;
    const own = ids.flatMap((id) => this.store.get(id) ?? []).find((bead) => bead.assignee === context.agent && isHooked(bead));
    if (own) throw new UserError(`${own.id} is on your hook`, 'run "gt done": it is closed when its work is merged', 'refused');
  }
}
