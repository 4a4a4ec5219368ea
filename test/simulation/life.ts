import assert from 'node:assert/strict';
import { UserError } from '../../server/src/base/errors';
import { BeadStore } from '../../server/src/beads/store';
import { actionKey, type Action } from '../../server/src/engine/loop/action';
import { Engine, type EngineHost } from '../../server/src/engine/loop/engine';
import { buildView } from '../../server/src/engine/state/buildView';
import type { EngineContext } from '../../server/src/engine/loop/context';
import { done } from '../../server/src/engine/dispatch/done';
import { giveVerdict } from '../../server/src/engine/review/review';
import type { TownView } from '../../server/src/engine/state/townView';
import { mergeOf } from '../../server/src/engine/state/work';
import type { Bead } from '../../server/src/protocol/bead';
import type { RigSettings } from '../../server/src/town/config';
import { BeadsByType } from './beadsByType';
import { FakeRig } from './fakeRig';
import { FakeSessions } from './fakeSessions';
import type { MemoryDisk } from './memoryDisk';
import { VirtualTimers } from './virtualTimers';
import type { World } from './world';

export const MAX_WORKERS = 3;
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

/** What outlives a server. */
export interface SimulatedTown {
  readonly disk: MemoryDisk;
  readonly world: World;
  /** Whether the disk refuses now and then. */
  readonly disturbed: boolean;
}

/** One life of the server: everything in it ends with `alive`. */
export class Life {
  private readonly timers: VirtualTimers;
  private readonly engine: Engine;
  /** State of beads and sessions at the last look. */
  private looked = '';

  private constructor(
    readonly store: BeadStore,
    readonly beads: BeadsByType,
    readonly context: EngineContext,
    private readonly town: SimulatedTown,
    private readonly state: { alive: boolean },
  ) {
    this.timers = new VirtualTimers(() => town.world.now);
    const host: EngineHost = {
      buildView: (inFlight, awakeSince) => this.view(inFlight, awakeSince),
      log: { info: () => undefined, error: (text) => this.logged(text) },
    };
    this.engine = new Engine(context, new MemoryActionLog(), host, this.timers);
  }

  static async begin(town: SimulatedTown): Promise<Life> {
    const state = { alive: true };
    const guard = async <T>(effect: () => T): Promise<T> => {
      for (let wait = Math.floor(town.world.random() * 3); wait > 0; wait -= 1)
        await new Promise((next) => setImmediate(next));
      if (!state.alive) return new Promise<never>(() => undefined);
      return effect();
    };
    const store = await BeadStore.open({
      fs: town.disk.mount(
        () => state.alive,
        () => town.disturbed && town.world.chance(0.004),
      ),
      clock: () => new Date(town.world.now),
      random: town.world.random,
    });
    await store.addLedger({ name: 'hq', directory: '/town/.beads', prefix: 'hq' });
    await store.addLedger({ name: 'toy', directory: '/town/toy/.beads', prefix: 'toy' });
    const beads = new BeadsByType(store);
    const rig = new FakeRig(town.world, guard);
    const context: EngineContext = {
      store,
      sessions: new FakeSessions(town.world, guard),
      clock: { now: () => new Date(town.world.now) },
      activity: new Map(),
      person: { notify: () => undefined },
      rig: (name) => (name === 'toy' ? rig : undefined),
      defaultRuntime: () => 'claude',
      reviewerRuntime: () => 'claude',
      workflow: () => undefined,
      isAccepted: { script: () => true },
      onActivity: () => undefined,
    };
    return new Life(store, beads, context, town, state);
  }

  get alive(): boolean {
    return this.state.alive;
  }

  /** kill -9 */
  end(): void {
    this.state.alive = false;
    // A process that dies gives its memory back. Nothing more reaches the disk.
    void this.store.close();
  }

  /** What the server does in quiet moments: it writes the beads from the journals into their files. */
  async checkpoint(): Promise<void> {
    try {
      await this.store.checkpoint();
    } catch (error) {
      if (this.alive && !(error instanceof UserError)) this.town.world.violations.push(`checkpoint: ${String(error)}`);
    }
  }

  /** The engine looks where something has happened, as it does in a server, and whatever is due by now runs. */
  look(): void {
    const state = `${this.store.revision} ${this.town.world.sessionState}`;
    if (state !== this.looked) this.engine.kick(0);
    this.looked = state;
    this.timers.runDue();
  }

  private view(inFlight: ReadonlySet<string>, awakeSince: number): TownView {
    const { world } = this.town;
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
    if (this.alive && !text.includes('UserError')) this.town.world.violations.push(text);
  }

  /** Somebody looks at a change, and may not know that it is another by now. */
  async judge(bead: Bead, by: { agent?: string; session?: string }): Promise<void> {
    const { world } = this.town;
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
      for (const session of this.town.world.sessions.values())
        if (session.agent === agent) session.doneAt ??= this.town.world.now;
    } catch (error) {
      if (this.alive && !/nothing on your hook|no longer on your hook|no space left/.test(String(error)))
        this.town.world.violations.push(`done: ${String(error)}`);
    }
  }
}
