import { NO_FILES } from './noFiles';
import { Activities } from '../../server/src/engine/loop/activities';
import type { BeadStore } from '../../server/src/beads/store';
import { AbortedError, untilAborted } from '../../server/src/base/abort';
import { actionKey, type Action } from '../../server/src/engine/loop/action';
import { StaleAction, type EngineContext } from '../../server/src/engine/loop/context';
import type { RigPort, SessionPort } from '../../server/src/engine/loop/ports';
import { confirmFailure } from '../../server/src/engine/mergeQueue/confirmCulprit';
import { merge } from '../../server/src/engine/mergeQueue/merge';
import { merges } from '../../server/src/engine/mergeQueue/mergeRule';
import { prepareBatch } from '../../server/src/engine/mergeQueue/prepareBatch';
import { buildView } from '../../server/src/engine/state/buildView';
import { isClosed, mergeOf, withWork } from '../../server/src/engine/state/work';
import type { GateInfo } from '../../server/src/protocol/town';
import { GateResults } from '../../server/src/rigs/gateResults';
import { FIRST_WINDOW, type MergeWindow } from '../../server/src/rigs/mergeWindow';
import { GateSlots, type GateSlot } from '../../server/src/rigs/gateSlots';
import { searchBatch } from '../../server/src/engine/mergeQueue/searchBatch';
import { runGates, type GateListener, type GateRun } from '../../server/src/rigs/runGates';
import { SharedRuns } from '../../server/src/rigs/sharedRuns';
import type { GateResult } from '../../server/src/rigs/types';
import type { RigSettings } from '../../server/src/town/config';
import { randomFrom } from '../simulation/chances';
import { openService, type Service } from '../unit/beads/service';

export interface ReplayOptions {
  seed: number;
  changes: number;
  /** Changes that come in the time of one gate; all at once where it is Infinity. */
  rate: number;
  /** Parts of all changes, from 0 to 1. */
  conflicting: number;
  broken: number;
  /** Part of the gate runs that fail on files which are sound. */
  flaky: number;
  /** Conflicts happen within a group only. */
  groups: number;
  maxBatch?: number;
  gateMs?: number;
  /** Gate runs side by side, of the queue and of the oracle; 1 where it is missing. */
  width?: number;
}

/** A search for a culprit. */
export interface Search {
  /** Requests of the batch. */
  size: number;
  /** Rounds of gate runs until it was found. */
  rounds: number;
  /** A run of it failed on sound files: it may need one more round. */
  isMisled: boolean;
}

/** What the gate runs of one action have come to. */
interface Searched {
  /** Times at which the search began runs. */
  times: Set<number>;
  isMisled: boolean;
}

export interface Replay {
  /** Pushes of a commit on which the gate fails. */
  redPushes: number;
  merged: number;
  gateRuns: number;
  /** Changes that fail no gate and went back for one. */
  innocentsRejected: number;
  searches: Search[];
  /** For each change that landed, milliseconds since it was submitted last. */
  waits: number[];
  /** The same where all outcomes are known: nothing is tested that fails or conflicts. */
  oracleWaits: number[];
  oracleGateRuns: number;
  /** Milliseconds from the first submission to the last landing. */
  wallMs: number;
}

interface Change {
  bead: string;
  group: number;
  arrival: number;
  broken: boolean;
  /** The change with which it conflicts, unless its author knew that. */
  rival?: Change;
  attempt: number;
  submittedAt: number;
  /** What had landed when it was submitted. */
  knew: number;
  landedAt?: number;
}

/** Gate-times after which an author submits again what came back. */
const REWORK = 10;
const GATE: GateInfo = { name: 'test', command: 'test', timeoutSeconds: 60 };

/** Real queue code and a real store in memory, with made-up git, gates and clock: what becomes of so many changes. */
export async function replayQueue(options: ReplayOptions): Promise<Replay> {
  // Ids too come from the seed: they break ties in the queue, and the figures would be others each time.
  const replay = new QueueReplay(await openService(['hq', 'toy'], { random: randomFrom(options.seed) }), options);
  try {
    await replay.run();
    return replay.result();
  } finally {
    await replay.store.close();
  }
}

function nothingSearched(): Searched {
  return { times: new Set(), isMisled: false };
}

function searchOf(size: number, { times, isMisled }: Searched): Search {
  return { size, rounds: times.size, isMisled };
}

class QueueReplay {
  private readonly random: () => number;
  private readonly gateMs: number;
  private readonly changes: Change[] = [];
  /** Attempts that have landed, in order. */
  private readonly landed: Change[] = [];
  private readonly results = new GateResults();
  private readonly slots = new GateSlots(() => this.width);
  private readonly shared = new SharedRuns<GateResult>();
  private readonly running = new Set<string>();
  /** Actions that found the queue changed: they are tried again at another time. */
  private readonly stale = new Set<string>();
  /** Ends of gate runs, by their time. */
  private readonly timers: { at: number; ring: () => void }[] = [];
  private pendingBatches = 0;
  private failure: Error | undefined;
  private readonly coming: Change[] = [];
  private readonly begun: number;
  private window: MergeWindow = FIRST_WINDOW;
  private gateRuns = 0;
  private redPushes = 0;
  private innocentsRejected = 0;
  private readonly searches: Search[] = [];

  constructor(
    private readonly service: Service,
    private readonly options: ReplayOptions,
  ) {
    this.random = randomFrom(options.seed);
    this.gateMs = options.gateMs ?? 60_000;
    this.begun = service.now.value;
    this.watchStore();
    this.plan();
  }

  get store(): BeadStore {
    return this.service.store;
  }

  /** Counts what the store is asked to write, so that the clock stands still meanwhile. */
  private watchStore(): void {
    const batch = this.store.batch.bind(this.store);
    this.store.batch = (...args: Parameters<BeadStore['batch']>) => {
      this.pendingBatches += 1;
      return batch(...args).finally(() => (this.pendingBatches -= 1)) as never;
    };
  }

  private get width(): number {
    return this.options.width ?? 1;
  }

  private get now(): number {
    return this.service.now.value;
  }

  private plan(): void {
    const { changes, rate, conflicting, broken, groups } = this.options;
    const latest = new Map<number, Change>();
    let arrival = this.begun;
    for (let index = 0; index < changes; index += 1) {
      if (Number.isFinite(rate)) arrival += (-Math.log(1 - this.random()) * this.gateMs) / rate;
      const group = Math.floor(this.random() * groups);
      const rival = this.random() < conflicting ? latest.get(group) : undefined;
      const change: Change = {
        ...{ bead: `toy-${index}`, group, rival, arrival, attempt: 1, submittedAt: arrival, knew: 0 },
        broken: this.random() < broken,
      };
      latest.set(group, change);
      this.changes.push(change);
    }
  }

  async run(): Promise<void> {
    this.coming.push(...this.changes);
    while (this.landed.length < this.changes.length) {
      while (this.coming[0] && this.coming[0].submittedAt <= this.now) await this.submit(this.coming.shift()!);
      if (await this.startActions()) continue;
      const next = Math.min(
        this.coming[0]?.submittedAt ?? Infinity,
        ...this.timers.map(({ at }) => at),
        ...this.view().merges.map(({ notBefore }) => (notBefore > this.now ? notBefore : Infinity)),
      );
      if (!Number.isFinite(next)) throw new Error('the queue does not go on');
      this.service.now.value = next;
      this.stale.clear();
      for (const timer of this.timers.filter(({ at }) => at <= next)) {
        this.timers.splice(this.timers.indexOf(timer), 1);
        timer.ring();
      }
      await this.comeToRest();
    }
  }

  /** As the engine does it. @returns whether something has changed by it */
  private async startActions(): Promise<boolean> {
    const actions = merges(this.view()).filter((action) => {
      const key = actionKey(action);
      return !this.running.has(key) && !this.stale.has(key);
    });
    for (const action of actions) {
      const key = actionKey(action);
      this.running.add(key);
      void this.start(action).finally(() => this.running.delete(key));
    }
    await this.comeToRest();
    return actions.some((action) => !this.running.has(actionKey(action)));
  }

  private async start(action: Action): Promise<void> {
    try {
      if (action.type === 'prepare-batch') await prepareBatch(action, this.context(nothingSearched()));
      if (action.type === 'confirm-failure') {
        await confirmFailure(action, this.context(nothingSearched()));
        this.comeBack([action.mergeRequest]);
      }
      if (action.type === 'find-culprit') {
        const searched = nothingSearched();
        await searchBatch(action, this.context(searched));
        this.searches.push(searchOf(action.requests.length, searched));
        this.comeBack(action.requests.map(({ mergeRequest }) => mergeRequest));
      }
      if (action.type !== 'merge') return;
      const searched = nothingSearched();
      await merge(action, this.context(searched));
      if (searched.times.size > 0) this.searches.push(searchOf(action.requests.length, searched));
      this.comeBack(action.requests.map(({ mergeRequest }) => mergeRequest));
    } catch (error) {
      if (error instanceof StaleAction) this.stale.add(actionKey(action));
      else this.failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Until everything waits for a gate or a change. */
  private async comeToRest(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet = this.pendingBatches > 0 ? 0 : quiet + 1)
      await new Promise((next) => setImmediate(next));
    if (this.failure) throw this.failure;
  }

  result(): Replay {
    const waits = this.landed.map((change) => change.landedAt! - change.submittedAt);
    const { redPushes, gateRuns, innocentsRejected, searches } = this;
    const wallMs = Math.max(...this.landed.map(({ landedAt }) => landedAt!)) - this.begun;
    const merged = this.landed.length;
    return { redPushes, merged, gateRuns, innocentsRejected, searches, waits, wallMs, ...this.oracle() };
  }

  private async submit(change: Change): Promise<void> {
    change.knew = this.landed.length;
    const { bead, attempt } = change;
    const worker = `toy/polecats/${bead}`;
    const branch = `polecat/${bead}/${attempt}`;
    await this.store.batch({ actor: worker }, (tx) => {
      if (attempt === 1)
        tx.create('toy', {
          ...{ id: bead, title: bead, type: 'task', status: 'in_review', assignee: worker },
          metadata: { gastown: { branch, attempt } },
        });
      else tx.update(bead, { status: 'in_review', metadata: withWork(tx.require(bead), { branch }) });
      const request = { source: bead, rig: 'toy', branch, commit: branch, worker };
      tx.create('toy', { title: bead, type: 'merge_request', metadata: { merge: request } });
    });
  }

  private comeBack(requests: readonly string[]): void {
    this.coming.push(...this.takeBack(requests));
    this.coming.sort((a, b) => a.submittedAt - b.submittedAt);
  }

  /** Changes that were sent back: their authors repair them, and know now what has landed. */
  private takeBack(requests: readonly string[]): Change[] {
    const back: Change[] = [];
    for (const id of requests) {
      const request = mergeOf(this.store.get(id)!)!;
      const source = this.store.get(request.source)!;
      if (isClosed(source.status) || source.status === 'in_review') continue;
      const change = this.changeOf(request.branch);
      if (!change.broken && source.metadata && JSON.stringify(source.metadata).includes('"problem":"test: '))
        this.innocentsRejected += 1;
      Object.assign(change, {
        broken: false,
        rival: undefined,
        attempt: change.attempt + 1,
        submittedAt: this.now + REWORK * this.gateMs,
      });
      back.push(change);
    }
    return back;
  }

  private changeOf(branch: string): Change {
    return this.changes[Number(/toy-(\d+)/.exec(branch)![1])]!;
  }

  /** Commits are named by the branches in them. */
  private changesIn(commit: string): Change[] {
    return commit
      .split(' ')
      .filter(Boolean)
      .map((branch) => this.changeOf(branch));
  }

  private get tip(): string {
    return this.landed.map(({ bead, attempt }) => `polecat/${bead}/${attempt}`).join(' ');
  }

  private conflicts(change: Change, onto: readonly Change[]): boolean {
    const { rival } = change;
    return rival !== undefined && onto.includes(rival) && !this.landed.slice(0, change.knew).includes(rival);
  }

  private view() {
    const sessions: Pick<SessionPort, 'all'> = { all: () => [] };
    return buildView({
      ...{ store: this.store, sessions: sessions as SessionPort, up: true, now: new Date(this.now) },
      ...{ awakeSince: 0, inFlight: this.running, consented: () => true },
      rigs: [
        {
          ...{ port: this.rig(nothingSearched()), accepted: true, unacceptedReviewers: [] },
          settings: {
            ...{
              max_workers: 1,
              worker_spawn_delay: 0,
              max_attempts: 9,
              max_restarts: 3,
              review: 'off',
              reviewers: [],
            },
            ...{ review_timeout: 60, max_review_rounds: 3, stall_after: 600, namepool: {} },
            merge_queue: { max_batch: this.options.maxBatch ?? 16, targets: {} },
          } as unknown as RigSettings,
        },
      ],
    });
  }

  /** @param searched is filled in by the gate runs */
  private context(searched: Searched): EngineContext {
    const rig = this.rig(searched);
    const context: Partial<EngineContext> = {
      store: this.store,
      clock: { now: () => new Date(this.now) },
      rig: () => rig,
      activity: new Activities(),
      onActivity: () => undefined,
    };
    return context as EngineContext;
  }

  private rig(searched: Searched): RigPort {
    const port: Partial<RigPort> = {
      files: NO_FILES,
      ...{ name: 'toy', review: 'off', gates: [GATE], pacing: { lastSpawnAt: 0, shortLives: [] } },
      ...{
        mergeQueue: {
          mode: 'batch',
          strategy: 'squash',
          flakyRetries: 1,
          checksBeforeReview: true,
          preVerified: false,
          gateRuns: this.width,
        },
        mergeWindow: () => this.window,
        worktrees: () => [],
      },
      recordMergeWindow: (window) => void (this.window = window),
      branchTip: async (branch) => branch,
      landingBase: async () => ({ commit: this.tip, expected: this.tip }),
      rebase: async (branch, onto) =>
        this.conflicts(this.changeOf(branch), this.changesIn(onto))
          ? { kind: 'conflict', files: ['a.txt'] }
          : { kind: 'clean', commit: `${onto} ${branch}`.trim() },
      runGates: (commit, run, onGate) => {
        const begin = (): Promise<GateResult> => this.runGates(commit, run, { onGate, searched });
        return run.confirms === undefined ? this.shared.run(`${run.only} ${commit}`, begin) : begin();
      },
      hasLanded: async (commit) => `${this.tip} `.startsWith(`${commit} `),
      land: async (commit, base) => {
        if (base.expected !== this.tip) return false;
        const all = this.changesIn(commit);
        if (all.some(({ broken }) => broken)) this.redPushes += 1;
        for (const change of all.slice(this.landed.length)) {
          change.landedAt = this.now;
          this.landed.push(change);
        }
        return true;
      },
    };
    return port as RigPort;
  }

  private async runGates(
    commit: string,
    run: GateRun,
    { onGate, searched }: { onGate: GateListener; searched: Searched },
  ): Promise<GateResult> {
    let slot: GateSlot | undefined;
    try {
      return await runGates(commit, [GATE], run, {
        ...{ parallel: false, onGate },
        world: {
          ...{ results: this.results, changes: async () => '', recordFlaky: () => undefined },
          checkOut: async () => {
            slot ??= run.isSpare ? this.slots.takeSpare() : await this.slots.take('');
            if (!slot) throw new AbortedError();
          },
          run: async () => {
            this.gateRuns += 1;
            if (run.only !== undefined && run.confirms === undefined && commit !== this.tip)
              searched.times.add(this.now);
            const isFlaky = this.random() < this.options.flaky;
            searched.isMisled ||= isFlaky;
            await this.gateTime();
            return isFlaky || this.changesIn(commit).some(({ broken }) => broken)
              ? { passed: false, problem: 'failed', output: '', isFinal: true }
              : { passed: true, isFinal: true };
          },
        },
      });
    } finally {
      slot?.release();
    }
  }

  private async gateTime(): Promise<void> {
    const timer = { at: this.now + this.gateMs, ring: (): void => undefined };
    const end = new Promise<void>((resolve) => {
      timer.ring = resolve;
      this.timers.push(timer);
    });
    try {
      await untilAborted(end);
    } finally {
      if (this.timers.includes(timer)) this.timers.splice(this.timers.indexOf(timer), 1);
    }
  }

  /** All that waits is tested together, at most as many runs at a time as the queue may have, and every run passes. */
  private oracle(): { oracleWaits: number[]; oracleGateRuns: number } {
    const { maxBatch = 16 } = this.options;
    // What conflicts or fails is known at once; it comes again when its author has repaired it, as it did here.
    const submissions = this.landed.map(({ submittedAt }) => submittedAt).sort((a, b) => a - b);
    const oracleWaits: number[] = [];
    const free = Array.from({ length: this.width }, () => this.begun);
    let oracleGateRuns = 0;
    while (submissions.length > 0) {
      const time = Math.max(free.sort((a, b) => a - b).shift()!, submissions[0]!);
      const count = submissions.findIndex((at) => at > time);
      const batch = submissions.splice(0, Math.min(maxBatch, count < 0 ? submissions.length : count));
      free.push(time + this.gateMs);
      oracleWaits.push(...batch.map((at) => time + this.gateMs - at));
      oracleGateRuns += 1;
    }
    return { oracleWaits, oracleGateRuns };
  }
}
