import { BeadStore } from '../../../../server/src/beads/store';
import { Activities } from '../../../../server/src/engine/loop/activities';
import { UserError } from '../../../../server/src/base/errors';
import { actionKey, keysMeet, type Action } from '../../../../server/src/engine/loop/action';
import { StaleAction, type EngineContext } from '../../../../server/src/engine/loop/context';
import { execute } from '../../../../server/src/engine/loop/execute';
import type { RigPort, SessionPort } from '../../../../server/src/engine/loop/ports';
import { merges } from '../../../../server/src/engine/mergeQueue/mergeRule';
import { searchesIn } from '../../../../server/src/engine/mergeQueue/searches';
import { giveVerdict } from '../../../../server/src/engine/review/review';
import { reviews } from '../../../../server/src/engine/review/reviewRule';
import { buildView } from '../../../../server/src/engine/state/buildView';
import { isClosed, mergeOf, orderOf, withMerge, withWork, workOf } from '../../../../server/src/engine/state/work';
import type { Bead } from '../../../../server/src/protocol/bead';
import type { RigSettings } from '../../../../server/src/town/config';
import { randomFrom } from '../../../simulation/chances';
import { failingGate, type Change } from './change';
import { QueueModel, Broken } from './model';
import { QueueWorld, type Settings } from './world';

/** What may happen while the queue is at work. */
export type Happening =
  /** One of the calls that the queue has made goes on. */
  | { kind: 'step'; which: number }
  | { kind: 'submit' }
  | { kind: 'push'; red: boolean }
  | { kind: 'repair' }
  /** Of the server, with kill -9, so many promises after a call went on; it starts again at once. */
  | { kind: 'kill'; which?: number; after?: number; powerCut?: boolean }
  | { kind: 'verdict'; which: number; approves: boolean }
  | { kind: 'first'; which: number }
  | { kind: 'settings'; settings: Partial<Settings> }
  | { kind: 'time'; ms: number };

/** Something happens when so many calls have gone on. */
export interface Interruption {
  at: number;
  happening: Happening;
}

/** Each part is tested by all gates. */
const PARTS = {
  a: { paths: ['a/'], gates: ['lint', 'test'] },
  b: { paths: ['b/'], gates: ['lint', 'test'] },
};

/** Rounds after which all has landed. */
const MAX_CALM = 4_000;
/** Rounds after which what is ready is approved without the others. */
const MAX_WAIT = 150;
const ANN = { actor: 'ann', kind: 'person' } as const;

interface Life {
  alive: boolean;
  store: BeadStore;
  context: EngineContext;
  rig: RigPort;
  running: Set<string>;
  /** Actions that found the queue changed: they are tried again once something has changed. */
  stale: Map<string, string>;
  writing: number;
  /** What the rules were last asked about. */
  looked: string;
}

/** The real queue and its reviews, over a made-up repository, beside the model. */
export class QueueRun {
  /** Calls that have gone on so far. */
  steps = 0;
  readonly world: QueueWorld;
  private readonly model = new QueueModel();
  private readonly idRandom: () => number;
  private life!: Life;
  /** The last attempt at each bead. */
  private readonly current = new Map<string, Change>();
  private readonly waiting: Change[];
  private readonly ended = new Set<string>();
  private pushes = 0;

  /** @param approvesTogether in the end nothing is approved before all wait for it, so that the queue is long */
  private constructor(
    changes: readonly Change[],
    seed: number,
    private readonly approvesTogether: boolean,
  ) {
    this.waiting = [...changes];
    this.world = new QueueWorld(this.model, seed);
    this.idRandom = randomFrom(seed);
  }

  /** @throws Broken where a rule does not hold */
  static async play(
    changes: readonly Change[],
    happenings: readonly Happening[],
    {
      seed,
      settings = {},
      interruptions = [],
      approvesTogether = false,
    }: {
      seed: number;
      settings?: Partial<Settings>;
      interruptions?: readonly Interruption[];
      approvesTogether?: boolean;
    },
  ): Promise<QueueRun> {
    const run = new QueueRun(changes, seed, approvesTogether);
    Object.assign(run.world.settings, settings);
    await run.begin();
    try {
      for (const happening of happenings) {
        await run.happen(happening);
        await run.settle();
      }
      await run.calmDown([...interruptions]);
    } finally {
      run.life.alive = false;
      await run.life.store.close().catch(() => undefined);
    }
    return run;
  }

  private async begin(): Promise<void> {
    const { world } = this;
    const life = { alive: true, running: new Set(), stale: new Map(), writing: 0, looked: '' } as unknown as Life;
    const fs = world.disk.mount(() => life.alive);
    life.store = await BeadStore.open({ fs, clock: () => new Date(world.now), random: this.idRandom });
    for (const name of ['hq', 'toy'])
      await life.store.addLedger({ name, directory: `/town/${name}/.beads`, prefix: name });
    const batch = life.store.batch.bind(life.store);
    life.store.batch = (...args: Parameters<BeadStore['batch']>) => {
      life.writing += 1;
      return batch(...args).finally(() => (life.writing -= 1)) as never;
    };
    life.rig = world.rig(life);
    const context: Partial<EngineContext> = {
      ...{ store: life.store, clock: { now: () => new Date(world.now) }, rig: () => life.rig },
      ...{ activity: new Activities(), onActivity: () => undefined, person: { notify: () => undefined } },
    };
    life.context = context as EngineContext;
    this.life = life;
    await this.settle();
  }

  private async happen(happening: Happening): Promise<void> {
    const { world } = this;
    switch (happening.kind) {
      case 'step':
        return this.step(happening.which);
      case 'submit':
        if (this.waiting.length > 0) await this.submit(this.waiting.shift()!);
        return;
      case 'push':
        return this.pushFromOutside(happening.red ? { fault: { gate: 'test', from: 1, to: 1 } } : {});
      case 'repair':
        return this.pushFromOutside({ repairs: true });
      case 'kill':
        return this.kill(happening);
      case 'verdict':
        return this.judge(happening.which, happening.approves);
      case 'first':
        return this.moveFirst(happening.which);
      case 'settings':
        Object.assign(world.settings, happening.settings);
        if (happening.settings.mode !== undefined) world.turnModes.clear();
        return;
      case 'time':
        world.now += happening.ms;
    }
  }

  private step(which: number): void {
    const { pending } = this.world;
    if (pending.length === 0) return void (this.world.now += 1_000);
    this.steps += 1;
    pending.splice(which % pending.length, 1)[0]!.goOn();
  }

  private async kill({ which, after = 0, powerCut }: Extract<Happening, { kind: 'kill' }>): Promise<void> {
    const { life } = this;
    if (which !== undefined) this.step(which);
    for (let left = after; left > 0; left -= 1) await Promise.resolve();
    life.alive = false;
    if (powerCut) this.world.disk.powerCut();
    this.world.pending.length = 0;
    await life.store.close().catch(() => undefined);
    await this.begin();
  }

  private pushFromOutside(does: Partial<Change>): void {
    const bead = `outside-${(this.pushes += 1)}`;
    const change = { name: bead, bead, parts: 1, conflicts: [], clashes: [], neighbours: [], knew: this.landed };
    this.world.pushFromOutside({ ...change, ...does });
  }

  private get landed(): Set<string> {
    return new Set(this.model.target.map(({ change: { bead } }) => bead));
  }

  private async submit(change: Change): Promise<void> {
    const { store } = this.life;
    this.world.now += 1_000;
    const known: Change = { ...change, knew: this.landed };
    const { bead, name: branch } = known;
    const worker = `toy/polecats/${bead}`;
    this.current.set(bead, known);
    this.world.branches.set(branch, known);
    await store.batch({ actor: worker }, (tx) => {
      const source = tx.get(bead);
      const create = { id: bead, title: bead, type: 'task', status: 'in_review' as never, assignee: worker };
      if (!source) tx.create('toy', { ...create, metadata: { gastown: { branch, attempt: 1 } } });
      else tx.update(bead, { status: 'in_review', metadata: withWork(source, { branch, problem: undefined }) });
      const merge = { source: bead, rig: 'toy', branch, commit: branch, worker, note: 'see there' };
      const priority = Number(bead.at(-1)) % 3;
      tx.create('toy', { title: bead, type: 'merge_request', priority, metadata: { merge } });
    });
  }

  private async judge(which: number, approves: boolean): Promise<void> {
    const shown = this.reviewed();
    const request = shown[which % Math.max(1, shown.length)];
    if (!request) return;
    const { review, branch } = mergeOf(request)!;
    const change = this.world.branches.get(branch)!;
    if (approves) this.model.approve(review!.patch);
    try {
      const verdict = approves ? ('approved' as const) : ('rejected' as const);
      await giveVerdict(this.life.context, ANN, request.id, { verdict, message: 'because', patch: review!.patch });
      if (!approves) this.model.reject(change);
    } catch (error) {
      if (!(error instanceof UserError)) throw error; // it is late, and told so
    }
  }

  private async moveFirst(which: number): Promise<void> {
    const open = this.requests();
    const moved = open[which % Math.max(1, open.length)];
    if (!moved) return;
    const order = Math.min(0, ...open.map((bead) => orderOf(mergeOf(bead)!))) - 1;
    await this.life.store.batch({ actor: 'ann' }, (tx) =>
      tx.update(moved.id, { metadata: withMerge(tx.require(moved.id), { order }) }),
    );
  }

  /** Those that somebody was asked to look at. */
  private reviewed(): Bead[] {
    return this.requests().filter((bead) => mergeOf(bead)?.review);
  }

  private requests(): Bead[] {
    return this.life.store.list({ type: ['merge_request'], limit: 0 }).filter((bead) => !isClosed(bead.status));
  }

  /** Until all that the queue does waits for the test. */
  private async settle(): Promise<void> {
    for (let hasChanged = true; hasChanged; ) {
      const hasStarted = this.startActions();
      for (let quiet = 0; quiet < 3; quiet = this.life.writing > 0 ? 0 : quiet + 1)
        await new Promise((next) => setImmediate(next));
      if (this.world.broken) throw this.world.broken;
      hasChanged = (await this.takeBack()) || hasStarted;
    }
  }

  /** What actions depend on: one that was stale waits until it has changed. */
  private get state(): string {
    const { now, settings } = this.world;
    return JSON.stringify([this.life.store.revision, this.steps, now, settings]);
  }

  /** @returns whether there was one to start */
  private startActions(): boolean {
    const { life, state } = this;
    const known = `${state} ${[...life.running].join(' ')}`;
    if (known === life.looked) return false;
    life.looked = known;
    const view = this.view();
    let hasStarted = false;
    for (const action of [...reviews(view), ...merges(view)]) {
      const key = actionKey(action);
      if ([...life.running].some((other) => keysMeet(other, key)) || life.stale.get(key) === state) continue;
      hasStarted = true;
      life.running.add(key);
      this.note(action);
      void execute(action, life.context)
        .catch((error: unknown) => {
          if (error instanceof StaleAction) life.stale.set(key, this.state);
          else if (life.alive) this.world.broken ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => life.running.delete(key));
    }
    return hasStarted;
  }

  private note(action: Action): void {
    const { settings } = this.world;
    if (action.type === 'prepare-batch') this.model.batchPrepared(idsOf(action.requests));
    if (action.type !== 'merge') return;
    const ids = idsOf(action.requests);
    for (const id of ids) this.world.turnModes.set(mergeOf(this.life.store.get(id)!)!.branch, settings.mode);
    this.world.tell(() => this.model.batchBegins(ids, action.parts, this.ready(), settings.maxBatch));
  }

  private ready() {
    return this.requests().flatMap((bead) => {
      const { review, suspected, notBefore, retries, ...request } = mergeOf(bead)!;
      const isDue = notBefore === undefined || Date.parse(notBefore) <= this.world.now;
      if (review?.state !== 'approved' || suspected || !isDue || searchesIn(this.life.store).of(bead.id)) return [];
      const createdAt = Date.parse(bead.created_at);
      const { lane } = this.world.branches.get(request.branch)!;
      const lanes = lane === undefined ? undefined : [lane];
      const order = orderOf({ ...request, retries });
      return [{ id: bead.id, order, priority: bead.priority, retries, createdAt, lanes }];
    });
  }

  /** Authors repair what came back. @returns whether there was something */
  private async takeBack(): Promise<boolean> {
    let hasChanged = false;
    for (const [bead, change] of this.current) {
      const now = this.life.store.get(bead);
      if (!now || now.status === 'in_review' || this.ended.has(bead)) continue;
      hasChanged = true;
      if (isClosed(now.status)) {
        this.ended.add(bead);
        this.model.ended(bead, this.world.holds(workOf(now).merged, change));
        continue;
      }
      this.model.sentBack(change, workOf(now).problem ?? '');
      const attempt = Number(change.name.split('/')[1]) + 1;
      await this.submit({ ...change, name: `${bead}/${attempt}`, fault: undefined });
    }
    return hasChanged;
  }

  /** Nothing else gets in the way any more: all lands. */
  private async calmDown(interruptions: Interruption[]): Promise<void> {
    let judged: unknown;
    for (let round = 0; round < MAX_CALM; round += 1) {
      while (interruptions[0] && interruptions[0].at <= this.steps) {
        await this.happen(interruptions.shift()!.happening);
        await this.settle();
      }
      if (this.waiting.length > 0) await this.submit(this.waiting.shift()!);
      if (failingGate(this.model.target) !== undefined) this.pushFromOutside({ repairs: true });
      if (this.life.store.revision !== judged && !this.waitsForMore(round)) {
        for (const [index, request] of this.reviewed().entries())
          if (mergeOf(request)!.review!.state === 'waiting') await this.judge(index, true);
        judged = this.life.store.revision;
      }
      await this.settle();
      const isOver = this.ended.size === this.current.size && this.waiting.length === 0;
      if (isOver && this.life.running.size === 0) return;
      if (this.world.pending.length > 0) this.step(0);
      else this.world.now += 5_000;
      await this.settle();
    }
    throw new Broken(
      `all lands in the end: ${JSON.stringify(this.requests().map((bead) => [bead.id, bead.metadata]))}`,
    );
  }

  /** Whether other requests are to be waited for, so that all are approved at once. */
  private waitsForMore(round: number): boolean {
    return this.approvesTogether && round < MAX_WAIT && this.requests().some((bead) => !mergeOf(bead)?.review);
  }

  private view() {
    const sessions: Pick<SessionPort, 'all'> = { all: () => [] };
    const settings = {
      ...{ max_workers: 1, worker_spawn_delay: 0, max_attempts: 99, max_restarts: 3, review: 'person', reviewers: [] },
      ...{ review_timeout: 60, max_review_rounds: 99, stall_after: 600, namepool: {} },
      merge_queue: { max_batch: this.world.settings.maxBatch, targets: this.world.settings.hasLanes ? PARTS : {} },
    } as unknown as RigSettings;
    const { store, running, rig: port } = this.life;
    return buildView({
      ...{ store, sessions: sessions as SessionPort, up: true, now: new Date(this.world.now), awakeSince: 0 },
      ...{ inFlight: running, consented: () => true },
      rigs: [{ port, settings, accepted: true, unacceptedReviewers: [] }],
    });
  }
}

function idsOf(requests: readonly { mergeRequest: string }[]): string[] {
  return requests.map(({ mergeRequest }) => mergeRequest);
}
