import assert from 'node:assert/strict';
import { UserError } from '../../server/src/base/errors';
import { BeadStore } from '../../server/src/beads/store';
import { actionKey, type Action } from '../../server/src/engine/loop/action';
import { Engine, type EngineHost, type Timers } from '../../server/src/engine/loop/engine';
import { buildView } from '../../server/src/engine/state/buildView';
import type { EngineContext } from '../../server/src/engine/loop/context';
import { done } from '../../server/src/engine/dispatch/done';
import { giveVerdict } from '../../server/src/engine/review/review';
import { sling } from '../../server/src/engine/dispatch/sling';
import { releaseHeld, stopWork } from '../../server/src/engine/dispatch/stop';
import type { TownView } from '../../server/src/engine/state/townView';
import { mergeOf } from '../../server/src/engine/state/work';
import type { Bead } from '../../server/src/protocol/bead';
import type { ReviewMode } from '../../server/src/protocol/town';
import type { RigSettings } from '../../server/src/town/config';
import { MemoryDisk } from './memoryFs';
import { FakeRig, FakeSessions, randomFrom, World } from './world';

const MAX_WORKERS = 3;
const settings = {
  max_workers: MAX_WORKERS,
  worker_spawn_delay: 0,
  max_attempts: 4,
  max_restarts: 6,
  review: 'off',
  stall_after: 30,
  review_timeout: 60,
  max_review_rounds: 3,
  namepool: {},
} as unknown as RigSettings;

/** Timers of the simulation's own clock. */
class VirtualTimers implements Timers {
  private readonly waiting = new Map<number, { at: number; callback: () => void }>();
  private nextId = 1;

  constructor(readonly now: () => number) {}

  set(callback: () => void, ms: number): number {
    this.waiting.set(this.nextId, { at: this.now() + ms, callback });
    return this.nextId++;
  }

  clear(handle: unknown): void {
    this.waiting.delete(handle as number);
  }

  /** Runs what is due, in order; what is set meanwhile waits for the next call. */
  runDue(): void {
    const due = [...this.waiting].filter(([, { at }]) => at <= this.now()).sort(([, a], [, b]) => a.at - b.at);
    for (const [id, { callback }] of due) if (this.waiting.delete(id)) callback();
  }
}

/** Holds the engine to its promise: an action is written down before it runs, and never twice at a time. */
class MemoryActionLog {
  private readonly open = new Set<string>();

  begin(action: Action): void {
    assert.ok(!this.open.has(actionKey(action)), `${actionKey(action)} runs twice`);
    this.open.add(actionKey(action));
  }

  end(action: Action): void {
    assert.ok(this.open.delete(actionKey(action)), `${actionKey(action)} ended and was not begun`);
  }
}

/** One life of the server: everything in it ends with `alive`. */
class Life {
  alive = true;
  private readonly timers: VirtualTimers;
  private readonly engine: Engine;

  private constructor(
    readonly store: BeadStore,
    readonly context: EngineContext,
    private readonly sim: Simulation,
  ) {
    this.timers = new VirtualTimers(() => sim.world.now);
    const host: EngineHost = {
      buildView: (inFlight, awakeSince) => this.view(inFlight, awakeSince),
      log: { info: () => undefined, error: (text) => this.logged(text) },
    };
    this.engine = new Engine(context, new MemoryActionLog(), host, this.timers);
  }

  static async begin(sim: Simulation): Promise<Life> {
    const state = { alive: true };
    const guard = async <T>(effect: () => T): Promise<T> => {
      for (let wait = Math.floor(sim.world.random() * 3); wait > 0; wait -= 1)
        await new Promise((next) => setImmediate(next));
      if (!state.alive) return new Promise<never>(() => undefined);
      return effect();
    };
    const store = await BeadStore.open({
      fs: sim.disk.mount(
        () => state.alive,
        () => sim.disturbed && sim.world.chance(0.004),
      ),
      clock: () => new Date(sim.world.now),
      random: sim.world.random,
    });
    await store.addLedger({ name: 'hq', directory: '/town/.beads', prefix: 'hq' });
    await store.addLedger({ name: 'toy', directory: '/town/toy/.beads', prefix: 'toy' });
    const rig = new FakeRig(sim.world, guard);
    const context: EngineContext = {
      store,
      sessions: new FakeSessions(sim.world, guard),
      clock: { now: () => new Date(sim.world.now) },
      activity: new Map(),
      person: { notify: () => undefined },
      rig: (name) => (name === 'toy' ? rig : undefined),
      defaultRuntime: () => 'claude',
      reviewerRuntime: () => 'claude',
      workflow: () => undefined,
      isAccepted: { script: () => true },
      onActivity: () => undefined,
    };
    const life = new Life(store, context, sim);
    Object.defineProperty(life, 'alive', {
      get: () => state.alive,
      set: (value: boolean) => {
        state.alive = value;
      },
    });
    return life;
  }

  /** Something has happened: the engine looks, and whatever is due by now runs. */
  look(): void {
    this.engine.kick(0);
    this.timers.runDue();
  }

  private view(inFlight: ReadonlySet<string>, awakeSince: number): TownView {
    const { world } = this.sim;
    return buildView({
      store: this.store,
      sessions: this.context.sessions,
      up: true,
      now: new Date(world.now),
      awakeSince,
      inFlight,
      rigs: [
        {
          port: this.context.rig('toy')!,
          settings: { ...settings, review: world.review },
          accepted: true,
          reviewerAccepted: true,
        },
      ],
      consented: () => true,
    });
  }

  /** What goes wrong below an action is the disk's or the network's fault, or a defect. */
  private logged(text: string): void {
    if (this.alive && !text.includes('UserError')) this.sim.world.violations.push(text);
  }

  /** Somebody looks at a change, and may not know that it is another by now. */
  async judge(bead: Bead, by: { agent?: string; session?: string }): Promise<void> {
    const { world } = this.sim;
    const patch = mergeOf(bead)?.review?.patch;
    const verdict = world.chance(0.12) ? 'rejected' : 'approved';
    // Noted before it is said: a server that dies over it may have written it down.
    if (verdict === 'approved' && patch !== undefined) world.approved.add(patch);
    const caller =
      by.agent === undefined
        ? { actor: 'ann', kind: 'person' as const }
        : { actor: by.agent, kind: 'agent' as const, ...by };
    try {
      await giveVerdict(this.context, caller, bead.id, {
        verdict,
        message: 'because',
        patch: by.agent === undefined ? patch : undefined,
      });
      for (const session of world.sessions.values()) if (session.agent === by.agent) session.doneAt ??= world.now;
    } catch (error) {
      if (this.alive && !(error instanceof UserError)) world.violations.push(`judge: ${String(error)}`);
    }
  }

  async sayDone(agent: string): Promise<void> {
    try {
      await done(this.context, { actor: agent, kind: 'agent', agent }, { status: 'completed' });
      for (const session of this.sim.world.sessions.values())
        if (session.agent === agent) session.doneAt ??= this.sim.world.now;
    } catch (error) {
      if (this.alive && !/nothing on your hook|no longer on your hook|no space left/.test(String(error)))
        this.sim.world.violations.push(`done: ${String(error)}`);
    }
  }
}

/** Who looks at changes, by seed. In some the person changes their mind about who. */
const REVIEWS: readonly ReviewMode[] = ['off', 'script', 'agent', 'person'];

class Simulation {
  readonly disk = new MemoryDisk();
  /** Whether the disk refuses now and then. */
  disturbed = false;
  readonly world: World;
  crashes = 0;
  /** State of the town that was checked last: what has not changed needs no second check. */
  private checked = '';

  constructor(readonly seed: number) {
    this.world = new World(randomFrom(seed));
    this.world.review = REVIEWS[Math.floor(this.world.random() * REVIEWS.length)]!;
  }

  /** Files a convoy with a random acyclic graph of dependencies. */
  private async fileConvoy(life: Life): Promise<string> {
    const count = 2 + Math.floor(this.world.random() * 7);
    return life.store.batch({ actor: 'ann' }, (tx) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const bead = tx.create('toy', {
          title: `bead ${index}`,
          type: 'task',
          priority: Math.floor(this.world.random() * 5),
        });
        for (const earlier of ids) if (this.world.chance(0.3)) tx.addDependency(bead.id, earlier, 'blocks');
        ids.push(bead.id);
      }
      const convoy = tx.create('hq', {
        title: 'convoy',
        type: 'convoy',
        status: 'open',
        metadata: { convoy: { launched_at: '2026-01-01T00:00:00Z' } },
      });
      for (const id of ids) tx.addDependency(convoy.id, id, 'tracks');
      // What a person works on takes no agent's place.
      tx.create('toy', { title: 'Ann does this', type: 'task', status: 'in_progress', assignee: 'ann' });
      return convoy.id;
    });
  }

  /** People get in the way: they stop and start, sling again what failed, add beads late, close merge requests by hand. */
  private async meddle(life: Life, convoy: string): Promise<void> {
    const { store, context } = life;
    const ann = { actor: 'ann', kind: 'person' as const };
    const ignore = (): undefined => undefined; // a server that dies takes the request with it; losing a race is fine
    if (this.world.chance(0.01)) void stopWork(context, 'ann', { all: true }).catch(ignore);
    if (this.world.chance(0.15)) void releaseHeld(context, 'ann').catch(ignore);
    if (this.world.review !== 'off' && this.world.chance(0.01))
      this.world.review = REVIEWS[1 + Math.floor(this.world.random() * 3)]!;
    if (this.world.chance(0.02)) {
      void store
        .batch(ann, (tx) => {
          if (tx.get(convoy)?.status !== 'open') return;
          tx.addDependency(
            convoy,
            tx.create('toy', { title: 'late', type: 'task', priority: Math.floor(this.world.random() * 5) }).id,
            'tracks',
          );
        })
        .catch(ignore);
    }
    for (const bead of store.list({ type: ['task'], status: ['failed'], limit: 0 })) {
      if (!this.world.chance(0.1)) continue;
      this.world.begunAnew.add(bead.id);
      void sling(store, ann, {
        beads: [bead.id],
        rig: 'toy',
        agent: this.world.chance(0.3) ? 'furiosa' : undefined,
      }).catch(ignore);
    }
    for (const request of store.list({ type: ['merge_request'], status: ['open'], limit: 0 })) {
      if (this.world.chance(0.01))
        void store.batch(ann, (tx) => tx.close(request.id, 'by hand', { force: true })).catch(ignore);
    }
  }

  async run(): Promise<void> {
    let life = await Life.begin(this);
    const convoy = await this.fileConvoy(life);
    for (let round = 0; round < 3000; round += 1) {
      this.disturbed = round < 600;
      this.world.now += Math.floor(this.world.random() * 1500);
      const { done: agent, judge: reviewer } = this.world.step();
      if (agent) void life.sayDone(agent);
      if (reviewer) this.letJudge(life, reviewer);
      if (this.world.chance(0.4)) this.reviewByPerson(life);
      if (round < 600) await this.meddle(life, convoy);
      else if (this.world.chance(0.3)) await this.lastHelp(life);
      if (this.world.chance(0.01)) this.world.killHost();
      life.look();
      for (let turns = Math.floor(this.world.random() * 6); turns > 0; turns -= 1)
        await new Promise((next) => setImmediate(next));
      if (this.world.chance(0.02)) life = await this.crash(life);
      this.check(life);
      if (this.landed(life, convoy)) return;
    }
    throw new Error(
      `seed ${this.seed}: nothing came of it: ${JSON.stringify(life.store.list({ all: true, limit: 0 }).map((bead) => [bead.id, bead.status, bead.metadata]))}`,
    );
  }

  private letJudge(life: Life, reviewer: string): void {
    const session = [...this.world.sessions.values()].find(
      (candidate) => candidate.agent === reviewer && !candidate.exit,
    );
    const request = session?.bead === undefined ? undefined : life.store.get(session.bead);
    if (request) void life.judge(request, { agent: reviewer, session: session?.id });
  }

  /** A person looks at whatever lies there, asked or not. */
  private reviewByPerson(life: Life): void {
    const request = life.store
      .list({ type: ['merge_request'], status: ['open'], limit: 0 })
      .find(
        (candidate) =>
          mergeOf(candidate)?.review?.state === 'waiting' || (mergeOf(candidate)?.review && this.world.chance(0.02)),
      );
    if (request) void life.judge(request, {});
  }

  /** In the end people only help: everything must land then. */
  private async lastHelp(life: Life): Promise<void> {
    await releaseHeld(life.context, 'ann');
    for (const bead of life.store.list({ type: ['task'], status: ['failed'], limit: 0 })) {
      this.world.begunAnew.add(bead.id);
      await sling(life.store, { actor: 'ann', kind: 'person' }, { beads: [bead.id], rig: 'toy' });
    }
  }

  private async crash(life: Life): Promise<Life> {
    this.crashes += 1;
    life.alive = false;
    if (this.world.chance(0.3)) this.disk.powerCut();
    return Life.begin(this);
  }

  private landed(life: Life, convoy: string): boolean {
    for (const bead of life.store.list({ type: ['task'], status: ['failed'], limit: 0 })) {
      const told = life.store
        .list({ type: ['escalation'], ledger: 'hq', limit: 0 })
        .some((item) => JSON.stringify(item.metadata).includes(bead.id));
      assert.ok(told, `seed ${this.seed}: ${bead.id} failed without an escalation`);
    }
    return life.store.get(convoy)?.status === 'closed';
  }

  /** What must hold at every moment. */
  private check(life: Life): void {
    const where = `seed ${this.seed}`;
    assert.deepEqual(this.world.violations, [], where);
    const sessions = [...this.world.sessions.values()];
    const state = `${this.crashes} ${life.store.revision} ${this.world.landing} ${sessions
      .filter(({ exit }) => !exit)
      .map(({ id }) => id)
      .join(' ')}`;
    if (state === this.checked) return;
    this.checked = state;
    const living = sessions.filter((session) => !session.exit);
    assert.ok(living.filter((session) => session.role === 'refinery').length <= 1, `${where}: two reviewers`);
    const live = living.filter((session) => session.role === 'polecat');
    assert.ok(live.length <= MAX_WORKERS, `${where}: ${live.length} live sessions`);
    const hooked = life.store.list({ status: ['hooked', 'in_progress'], type: ['task'], limit: 0 });
    const hooks = hooked.map((bead) => bead.assignee);
    assert.equal(new Set(hooks).size, hooks.length, `${where}: an agent with two hooked beads`);
    const merged = this.world.workOf(this.world.landing).filter((bead) => bead.startsWith('toy-'));
    assert.equal(new Set(merged).size, merged.length, `${where}: merged twice: ${merged.join(' ')}`);
    for (const bead of life.store.list({ type: ['task'], status: ['closed'], limit: 0 })) {
      assert.ok(merged.includes(bead.id), `${where}: ${bead.id} is closed and not merged`);
    }
    const convoy = life.store.list({ type: ['convoy'], status: ['closed'], limit: 0 })[0];
    if (convoy)
      for (const edge of convoy.dependencies ?? [])
        assert.equal(life.store.get(edge.depends_on_id)?.status, 'closed', `${where}: landed too early`);
  }
}

describe('simulation of the town', function () {
  const soak = process.env.GASTOWN_SOAK === '1';
  this.timeout(soak ? 0 : 1_800_000);
  const runs = Number(process.env.GASTOWN_SEEDS ?? (soak ? 100_000 : 250));
  const first = Number(process.env.GASTOWN_SEED ?? Math.floor(Math.random() * 1e9));

  it(`keeps its invariants through crashes, ${runs} seeds from ${first}`, async () => {
    let crashes = 0;
    for (let seed = first; seed < first + runs; seed += 1) {
      const simulation = new Simulation(seed);
      await simulation.run();
      crashes += simulation.crashes;
    }
    console.log(`      ${runs} convoys landed through ${crashes} crashes of the server`);
  });
});
