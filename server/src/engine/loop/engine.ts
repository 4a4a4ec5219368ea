import { AbortedError, runAbortable, settledWithin } from '../../base/abort';
import { Disposable } from '../../base/lifecycle';
import { messageOf, stackOf } from '../../base/errors';
import { actionKey, keysMeet, type Action } from './action';
import { execute } from './execute';
import type { ActionLog } from './actionLog';
import { backoffMs } from './failure';
import { actors, StaleAction, type EngineContext } from './context';
import { escalate, isOpen } from '../escalation/escalation';
import { FAREWELL_MS } from '../supervision/sessionEndRule';
import { reconcile } from './reconcile';
import { time, waitEnd } from '../state/times';
import type { TownView } from '../state/townView';

/** Maximum interval between two ticks while the engine is up. */
const INTERVAL_MS = 5_000;
/** Events within this time after a tick are handled by one tick: the first one after a quiet time does not wait. */
const DEBOUNCE_MS = 15;
/** A tick that is late by more than this means that the machine was asleep. */
const LATE_MS = 30_000;
/** Consecutive failures after which an action is escalated and waits until the escalation is closed. */
const FAILURES_TO_ESCALATE = 5;

/** Clock and timers of the engine. The simulation provides its own. */
export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  set(callback: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

const realTimers: Timers = {
  now: () => Date.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

export interface EngineHost {
  buildView(inFlight: ReadonlySet<string>, awakeSince: number): TownView;
  /** Called after each tick with its view, when its actions have started. */
  onLook?(view: TownView): void;
  log: { info(text: string): void; error(text: string): void };
}

/** The loop around `reconcile`: builds the view on every event and executes the actions. */
export class Engine extends Disposable {
  private readonly running = new Map<string, Promise<void>>();
  /** Keys of `exclusive` calls that wait: no action that meets them is started. */
  private readonly claimed = new Map<symbol, string>();
  /**
   * Actions that failed for reasons outside of the work, such as a full disk: failure count and time of the next
   * attempt.
   */
  private readonly failures = new Map<string, { count: number; until: number }>();
  /** Stale actions. They back off if they repeat. */
  private readonly stale = new Map<string, { count: number; until: number }>();
  private readonly stopping = new AbortController();
  private timer: unknown;
  private dueAt = Infinity;
  /** Time of the last tick. */
  private tickedAt = -Infinity;
  private awakeSince: number;

  constructor(
    private readonly context: EngineContext,
    private readonly actionLog: Pick<ActionLog, 'begin' | 'end'>,
    private readonly host: EngineHost,
    private readonly timers: Timers = realTimers,
  ) {
    super();
    this.awakeSince = timers.now();
  }

  /** Runs a tick soon. @param inMs maximum delay in milliseconds */
  kick(inMs = this.pause()): void {
    if (this.isDisposed) return;
    const due = this.timers.now() + inMs;
    if (due >= this.dueAt) return;
    this.timers.clear(this.timer);
    this.dueAt = due;
    this.timer = this.timers.set(() => this.tick(), inMs);
  }

  /** Milliseconds until events may cause a tick again. */
  private pause(): number {
    const left = this.tickedAt + DEBOUNCE_MS - this.timers.now();
    return Math.min(DEBOUNCE_MS, Math.max(0, left)); // the clock may have been set back
  }

  get isBusy(): boolean {
    return this.running.size > 0;
  }

  /**
   * Starts no more actions, cancels running ones and waits for them, at most `limitMs`. A cancelled action stays open
   * in the action log and is repeated after the next start.
   * @returns the keys of actions that had not ended by then
   */
  async stop(limitMs: number): Promise<string[]> {
    this.dispose();
    this.stopping.abort();
    return (await settledWithin(this.running.values(), limitMs)) ? [] : [...this.running.keys()];
  }

  override dispose(): void {
    this.timers.clear(this.timer);
    super.dispose();
  }

  /**
   * Runs a function as the action with this key: exclusive with actions whose keys meet it, without interrupting a
   * running one.
   * @throws AbortedError if the engine stops meanwhile, or has stopped
   */
  async exclusive<T>(key: string, work: () => Promise<T>): Promise<T> {
    const claim = Symbol(key);
    this.claimed.set(claim, key);
    try {
      for (let before = this.meeting(key); before; before = this.meeting(key)) await before;
    } finally {
      this.claimed.delete(claim);
    }
    if (this.isDisposed) throw new AbortedError();
    const run = runAbortable(this.stopping.signal, work);
    void this.track(
      key,
      run.then(
        () => undefined,
        () => undefined, // the caller gets the error
      ),
    );
    return run;
  }

  /**
   * Executes the actions of a rule one after another, even while the engine is paused, until the rule returns no new
   * action.
   */
  async runNow(rule: (view: TownView) => Action[]): Promise<void> {
    const tried = new Set<string>();
    for (;;) {
      if (this.isDisposed) throw new AbortedError();
      const view = this.host.buildView(new Set(), this.awakeSince);
      const action = rule(view).find((candidate) => !tried.has(JSON.stringify(candidate)));
      if (!action) return;
      const before = this.meeting(actionKey(action));
      if (before)
        await before; // then check again: that run may have done it
      else {
        tried.add(JSON.stringify(action));
        await this.start(action);
      }
    }
  }

  /** A running action that meets this key. */
  private meeting(key: string): Promise<void> | undefined {
    const same = this.running.get(key);
    if (same) return same;
    for (const [other, run] of this.running) if (keysMeet(key, other)) return run;
    return undefined;
  }

  private tick(): void {
    // Time asleep does not count as silence of agents.
    const now = this.timers.now();
    if (now - this.dueAt > LATE_MS) this.awakeSince = now;
    this.awakeSince = Math.min(this.awakeSince, now); // the clock was set back
    this.dueAt = Infinity;
    this.tickedAt = now;
    try {
      const inFlight = new Set([...this.running.keys(), ...this.claimed.values(), ...this.pausedKeys()]);
      const view = this.host.buildView(inFlight, this.awakeSince);
      for (const action of reconcile(view)) void this.start(action);
      this.host.onLook?.(view);
      this.kick(Math.min(INTERVAL_MS, ...wakeUps(view)));
    } catch (error) {
      // A settings file that is being edited must not end the server.
      this.host.log.error(`reconcile: ${messageOf(error)}`);
      this.kick(INTERVAL_MS);
    }
  }

  private pausedKeys(): string[] {
    const now = this.timers.now();
    return [...this.failures, ...this.stale]
      .filter(([key, pause]) => pause.until > now || this.waitsForPerson(key))
      .map(([key]) => key);
  }

  private waitsForPerson(key: string): boolean {
    return (this.failures.get(key)?.count ?? 0) >= FAILURES_TO_ESCALATE && isOpen(this.context.store, key);
  }

  private start(action: Action): Promise<void> {
    return this.track(actionKey(action), this.run(action));
  }

  private track(key: string, work: Promise<void>): Promise<void> {
    const run = work.finally(() => {
      this.running.delete(key);
      this.kick(0); // actions that depend on it can run now
      this.context.onActivity(); // not every action changes a ledger, such as the removal of a worktree
    });
    this.running.set(key, run);
    return run;
  }

  private async run(action: Action): Promise<void> {
    try {
      this.actionLog.begin(action, this.context.clock.now());
      await runAbortable(this.stopping.signal, () => execute(action, this.context));
      this.failures.delete(actionKey(action));
      this.stale.delete(actionKey(action));
    } catch (error) {
      if (this.stopping.signal.aborted || error instanceof AbortedError) {
        this.host.log.info(`interrupted: ${action.type} ${actionKey(action)}`);
        return;
      }
      if (error instanceof StaleAction) this.recordStale(action, error);
      else await this.recordFailure(action, error);
    }
    this.endInLog(action);
  }

  private recordStale(action: Action, error: StaleAction): void {
    const key = actionKey(action);
    if (error.cause !== undefined)
      this.host.log.error(`${action.type} ${key}: ${error.message}: ${stackOf(error.cause)}`);
    const count = (this.stale.get(key)?.count ?? 0) + 1;
    // The first time is a normal race.
    this.stale.set(key, { count, until: count === 1 ? 0 : this.timers.now() + backoffMs(count - 1) });
  }

  private async recordFailure(action: Action, error: unknown): Promise<void> {
    const key = actionKey(action);
    const count = (this.failures.get(key)?.count ?? 0) + 1;
    this.failures.set(key, { count, until: this.timers.now() + backoffMs(count + 1) });
    this.host.log.error(`${action.type} ${key}: ${stackOf(error)}`);
    if (count !== FAILURES_TO_ESCALATE) return;
    const title = `${action.type} keeps failing: ${messageOf(error).split('\n')[0]}`;
    await this.context.store
      .batch({ actor: actors.engine }, (tx) => escalate(tx, { key, title, detail: `${key}\n\n${messageOf(error)}` }))
      .catch((failure: unknown) => this.host.log.error(`cannot escalate: ${messageOf(failure)}`));
  }

  private endInLog(action: Action): void {
    try {
      this.actionLog.end(action, this.context.clock.now());
    } catch (error) {
      this.host.log.error(`action log: ${messageOf(error)}`);
    }
  }
}

/** Milliseconds until the next timed wait ends. */
function wakeUps(view: TownView): number[] {
  const times = [...view.work, ...view.merges, ...(view.mayor?.items ?? [])].map((item) => item.notBefore);
  for (const { review } of view.merges)
    for (const { notBefore } of Object.values(review?.states ?? {})) times.push(waitEnd(time(notBefore), view.now));
  for (const session of view.sessions)
    if (session.doneAt !== undefined && !session.exit) times.push(session.doneAt + FAREWELL_MS);
  for (const rig of view.rigs) times.push(rig.lastSpawnAt + rig.spawnDelayMs);
  return times.filter((time) => time > view.now).map((time) => time - view.now + 5);
}
