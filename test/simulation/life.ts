import type { ReviewSetting } from '../../server/src/protocol/town';
import { Activities } from '../../server/src/engine/loop/activities';
import { AsyncLocalStorage } from 'node:async_hooks';
import { UserError } from '../../server/src/base/errors';
import { BeadStore, type Transaction } from '../../server/src/beads/store';
import { actionKey, keysMeet, type Action } from '../../server/src/engine/loop/action';
import type { EngineContext } from '../../server/src/engine/loop/context';
import { Engine, type EngineHost } from '../../server/src/engine/loop/engine';
import { targetOf } from '../../server/src/engine/convoys/feature';
import { mayorView } from '../../server/src/engine/mayor/mayor';
import { isStep } from '../../server/src/engine/molecules/molecules';
import { openStepsOf } from '../../server/src/engine/molecules/openSteps';
import { buildView } from '../../server/src/engine/state/buildView';
import { landDirectly } from '../../server/src/engine/mergeQueue/directLanding';
import type { TownView } from '../../server/src/engine/state/townView';
import { graphOf } from '../../server/src/formulas/pour/molecule';
import type { Bead } from '../../server/src/protocol/bead';
import type { RigSettings } from '../../server/src/town/config';
import { BeadsByType } from './beadsByType';
import { checkDecision } from './checks';
import { FakeRig } from './fakeRig';
import { FakeSessions } from './fakeSessions';
import { formulas } from './formulas';
import { ann } from './ann';
import type { MemoryDisk } from './memoryDisk';
import { VirtualTimers } from './virtualTimers';
import { MAX_WORKERS, RUNTIMES, type Guard, type World } from './world';

/** The second rig starts its agents one after another. */
const settingsOf = (rig: string, targets: RigSettings['merge_queue']['targets']): RigSettings =>
  ({
    max_workers: MAX_WORKERS[rig],
    worker_spawn_delay: rig === 'farm' ? 1 : 0,
    max_attempts: 4,
    max_restarts: 6,
    stall_after: 30,
    review_timeout: 60,
    max_review_rounds: 3,
    namepool: {},
    merge_queue: { max_batch: 16, targets },
  }) as unknown as RigSettings;

const reviewSettings = (review: ReviewSetting): Pick<RigSettings, 'review' | 'reviewers' | 'reviews_needed'> =>
  typeof review === 'string'
    ? { review, reviewers: [], reviews_needed: 'all' }
    : { review: 'off', reviewers: [...review.reviewers], reviews_needed: review.needed };

/** What outlives a server. */
export interface SimulatedTown {
  readonly disk: MemoryDisk;
  readonly world: World;
  /** Whether disk, network and people are at their worst. */
  readonly disturbed: boolean;
  /** The Mayor has a runtime. */
  readonly hasMayor: boolean;
  /** Beads of the second rig are done by a formula where they name none. */
  readonly rigFormula: boolean;
}

/** The action that is being carried out, for whatever is called below it. */
const running = new AsyncLocalStorage<{ action?: Action; hasWritten: boolean }>();

/** One life of the server: everything in it ends with `alive`. */
export class Life {
  readonly beads: BeadsByType;
  readonly context: EngineContext;
  private readonly timers: VirtualTimers;
  private readonly engine: Engine;
  private readonly rigs: FakeRig[];
  private readonly openActions = new Set<string>();
  private lastView: TownView | undefined;
  /** State of beads and world at the last look. */
  private looked = '';

  private constructor(
    readonly store: BeadStore,
    private readonly town: SimulatedTown,
    private readonly state: { alive: boolean },
    guard: Guard,
  ) {
    const { world } = town;
    this.beads = new BeadsByType(store);
    const hasOpenSteps = (id: string): boolean => {
      const bead = store.get(id);
      return bead !== undefined && openStepsOf(graphOf(store), bead) !== undefined;
    };
    this.rigs = [...world.repositories].map(
      ([name, repository]) =>
        new FakeRig(name, world, repository, guard, { hasOpenSteps, targetOf: (bead) => targetOf(store, bead) }),
    );
    const { worker, reviewer } = RUNTIMES;
    this.context = {
      store: this.watched(store),
      sessions: new FakeSessions(world, guard),
      clock: { now: () => new Date(world.now) },
      activity: new Activities(),
      person: { notify: () => undefined },
      rig: (name) => this.rigs.find((rig) => rig.name === name),
      defaultRuntime: () => worker,
      reviewerRuntime: () => reviewer,
      workflow: (rig) => (rig === 'farm' && town.rigFormula ? formulas[0] : undefined),
      isAccepted: { script: () => true },
      onActivity: () => undefined,
    };
    this.timers = new VirtualTimers(() => world.now);
    const host: EngineHost = {
      buildView: (inFlight, awakeSince) => (this.lastView = this.view(inFlight, awakeSince)),
      log: { info: () => undefined, error: (text) => this.logged(text) },
    };
    const log = { begin: (action: Action) => this.begin(action), end: (action: Action) => this.ended(action) };
    this.engine = new Engine(this.context, log, host, this.timers);
  }

  static async begin(town: SimulatedTown): Promise<Life> {
    const { world, disk } = town;
    const state = { alive: true };
    /** @returns false where the server has just died */
    const survives = (what: string, probability: number): boolean => {
      if (town.disturbed && world.chances.happens('the server dies', probability, what)) state.alive = false;
      return state.alive;
    };
    const guard: Guard = async (what, effect) => {
      for (let wait = Math.floor(world.chances.random() * 3); wait > 0; wait -= 1)
        await new Promise((next) => setImmediate(next));
      if (!state.alive) return new Promise<never>(() => undefined);
      const result = effect();
      return survives(`after ${what}`, 0.002) ? result : new Promise<never>(() => undefined);
    };
    const store = await BeadStore.open({
      fs: disk.mount(
        () => state.alive && survives('before it writes', 0.0003),
        () => town.disturbed && world.chances.happens('the disk is full', 0.003),
      ),
      clock: () => new Date(world.now),
      random: world.idRandom,
    });
    await store.addLedger({ name: 'hq', directory: '/town/.beads', prefix: 'hq' });
    for (const rig of world.repositories.keys())
      await store.addLedger({ name: rig, directory: `/town/${rig}/.beads`, prefix: rig });
    return new Life(store, town, state, guard);
  }

  get world(): World {
    return this.town.world;
  }

  get hasMayor(): boolean {
    return this.town.hasMayor;
  }

  /** Runtimes that a person has to approve. */
  get runtimes(): string[] {
    const { worker, reviewer, mayor } = RUNTIMES;
    return this.hasMayor ? [worker, reviewer, mayor] : [worker, reviewer];
  }

  get alive(): boolean {
    return this.state.alive;
  }

  /** No action runs, and no rule asks for one. */
  get isIdle(): boolean {
    return this.openActions.size === 0;
  }

  /** kill -9 */
  end(): void {
    this.state.alive = false;
    // A process that dies gives its memory back. Nothing more reaches the disk.
    void this.store.close();
  }

  /**
   * Somebody asks something of this server, which may refuse it or die over it.
   * @param errors what it may say; anything else is a defect
   * @returns undefined where it refused
   */
  async tolerate<T>(what: string, errors: RegExp | typeof UserError, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const isExpected = errors instanceof RegExp ? errors.test(String(error)) : error instanceof errors;
      if (this.alive && !isExpected)
        this.world.violate('requests are answered or refused with a reason', `${what}: ${String(error)}`);
      return undefined;
    }
  }

  /** `gt land --direct` */
  async landDirectly(agent: string, force: boolean): Promise<void> {
    const town = { context: this.context, engine: this.engine, changedFiles: async () => [] };
    const landing = { agent, force, skipTests: false, dryRun: false };
    await this.tolerate(`${agent} is landed directly`, UserError, () => landDirectly(town, ann, landing));
  }

  /** What the server does in quiet moments: it writes the beads from the journals into their files. */
  async checkpoint(): Promise<void> {
    await this.tolerate('checkpoint', UserError, () => this.store.checkpoint());
  }

  /** The engine looks where something has happened, as it does in a server, and whatever is due by now runs. */
  look(): void {
    const state = `${this.store.revision} ${this.world.state}`;
    if (state !== this.looked) this.engine.kick(0);
    this.looked = state;
    // What an action notes about itself holds below that action only. A new object: `run` with the current one would not restore it.
    running.run({ hasWritten: false }, () => this.timers.runDue());
  }

  /** Beads that are worked on: no steps of molecules. */
  work(...statuses: string[]): Bead[] {
    return this.beads.list('task', ...statuses).filter((bead) => !isStep(this.store, bead));
  }

  private view(inFlight: ReadonlySet<string>, awakeSince: number): TownView {
    const { world } = this;
    const view = buildView({
      store: this.store,
      sessions: this.context.sessions,
      up: world.up,
      now: new Date(world.now),
      awakeSince,
      inFlight,
      rigs: this.rigs.map((port) => ({
        port,
        settings: {
          ...settingsOf(port.name, this.town.world.repositories.get(port.name)!.parts),
          ...reviewSettings(port.review),
        },
        accepted: world.approvals.has(port.name),
        unacceptedReviewers: world.approvals.has(RUNTIMES.reviewer) ? [] : ['agent'],
      })),
      consented: () => world.approvals.has(RUNTIMES.worker),
    });
    if (!this.hasMayor) return view;
    return { ...view, mayor: mayorView(this.store, RUNTIMES.mayor, world.approvals.has(RUNTIMES.mayor)) };
  }

  /** An action is written down before it runs, and never runs twice at a time. */
  private begin(action: Action): void {
    const key = actionKey(action);
    const meeting = [...this.openActions].find((other) => keysMeet(other, key));
    if (meeting !== undefined) this.world.violate('an action runs once at a time', `${key} beside ${meeting}`);
    this.openActions.add(key);
    checkDecision(this.world, this.lastView!, action);
    running.enterWith({ action, hasWritten: false });
  }

  private ended(action: Action): void {
    const key = actionKey(action);
    if (!this.openActions.delete(key)) this.world.violate('only what was begun ends', key);
  }

  /** The store as actions have it: what an action decided on must still be so when it first writes. */
  private watched(store: BeadStore): BeadStore {
    const watchedStore = Object.create(store) as BeadStore;
    watchedStore.batch = (meta, work) => {
      const current = running.getStore();
      if (!current?.action || current.hasWritten || !namesRevision(current.action)) return store.batch(meta, work);
      const { action } = current;
      return store.batch(meta, (tx) => {
        const result = this.firstWrite(tx, action, work);
        current.hasWritten = true;
        return result;
      });
    };
    return watchedStore;
  }

  private firstWrite<T>(tx: Transaction, action: Action, work: (tx: Transaction) => T): T {
    const subjects = subjectsOf(action).map((subject) => ({
      ...subject,
      before: tx.get(subject.id)?.updated_at,
    }));
    const result = work(tx);
    for (const { id, revision, before } of subjects)
      if (before !== revision && tx.get(id)?.updated_at !== before)
        this.world.violate('an action is refused where its bead has changed', JSON.stringify(action));
    return result;
  }

  /** What goes wrong below an action is the disk's or the network's fault, or a defect. */
  private logged(text: string): void {
    if (this.alive && !text.includes('UserError')) this.world.violate('actions fail for a known reason', text);
  }
}

/** Reviews are about a patch, whatever else has changed on its request: others may have answered meanwhile. */
function namesRevision(action: Action): boolean {
  return subjectsOf(action).length > 0 && action.type !== 'review-by-script' && action.type !== 'review-by-agent';
}

/** The beads whose revisions an action names. */
function subjectsOf(action: Action): { id: string; revision: string }[] {
  if ('requests' in action) return action.requests.map(({ mergeRequest: id, revision }) => ({ id, revision }));
  return 'revision' in action ? [{ id: subjectOf(action), revision: action.revision }] : [];
}

function subjectOf(action: Action): string {
  if ('mergeRequest' in action) return action.mergeRequest;
  if ('bead' in action) return action.bead;
  if ('item' in action) return action.item;
  if ('convoy' in action) return action.convoy;
  if ('escalation' in action) return action.escalation;
  return 'gate' in action ? action.gate : '';
}
