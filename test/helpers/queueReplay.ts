import { NO_FILES } from './noFiles';
import type { BeadStore } from '../../server/src/beads/store';
import type { EngineContext } from '../../server/src/engine/loop/context';
import type { RigPort, SessionPort } from '../../server/src/engine/loop/ports';
import { merge } from '../../server/src/engine/mergeQueue/merge';
import { merges } from '../../server/src/engine/mergeQueue/mergeRule';
import { buildView } from '../../server/src/engine/state/buildView';
import { isClosed, mergeOf, withWork } from '../../server/src/engine/state/work';
import type { GateInfo } from '../../server/src/protocol/town';
import { GateResults } from '../../server/src/rigs/gateResults';
import { FIRST_WINDOW, type MergeWindow } from '../../server/src/rigs/mergeWindow';
import { runGates } from '../../server/src/rigs/runGates';
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
}

export interface Replay {
  /** Pushes of a commit on which the gate fails. */
  redPushes: number;
  merged: number;
  gateRuns: number;
  /** Changes that fail no gate and went back for one. */
  innocentsRejected: number;
  /** Searches for a culprit: how many requests the batch had, and by how many gate runs it was found. */
  searches: { size: number; rounds: number }[];
  /** For each change that landed, milliseconds since it was submitted last. */
  waits: number[];
  /** The same where all outcomes are known: nothing is tested that fails or conflicts. */
  oracleWaits: number[];
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

class QueueReplay {
  private readonly random: () => number;
  private readonly gateMs: number;
  private readonly changes: Change[] = [];
  /** Attempts that have landed, in order. */
  private readonly landed: Change[] = [];
  private readonly results = new GateResults();
  private readonly begun: number;
  private window: MergeWindow = FIRST_WINDOW;
  private gateRuns = 0;
  private redPushes = 0;
  private innocentsRejected = 0;
  private readonly searches: { size: number; rounds: number }[] = [];

  constructor(
    private readonly service: Service,
    private readonly options: ReplayOptions,
  ) {
    this.random = randomFrom(options.seed);
    this.gateMs = options.gateMs ?? 60_000;
    this.begun = service.now.value;
    this.plan();
  }

  get store(): BeadStore {
    return this.service.store;
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
    const coming = [...this.changes];
    while (this.landed.length < this.changes.length) {
      while (coming[0] && coming[0].submittedAt <= this.now) await this.submit(coming.shift()!);
      const [action] = merges(this.view());
      if (action?.type === 'merge') {
        const searched = { size: action.requests.length, rounds: 0 };
        await merge(action, this.context(searched));
        if (searched.rounds > 0) this.searches.push(searched);
        for (const back of await this.takeBack(action.requests.map(({ mergeRequest }) => mergeRequest))) {
          coming.push(back);
          coming.sort((a, b) => a.submittedAt - b.submittedAt);
        }
        continue;
      }
      const next = Math.min(
        coming[0]?.submittedAt ?? Infinity,
        ...this.view().merges.map(({ notBefore }) => notBefore),
      );
      if (!Number.isFinite(next)) throw new Error('the queue does not go on');
      this.service.now.value = Math.max(next, this.now + 1);
    }
  }

  result(): Replay {
    const waits = this.landed.map((change) => change.landedAt! - change.submittedAt);
    const { redPushes, gateRuns, innocentsRejected, searches } = this;
    const wallMs = Math.max(...this.landed.map(({ landedAt }) => landedAt!)) - this.begun;
    const merged = this.landed.length;
    return { redPushes, merged, gateRuns, innocentsRejected, searches, waits, wallMs, oracleWaits: this.oracle() };
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

  /** Changes that were sent back: their authors repair them, and know now what has landed. */
  private async takeBack(requests: readonly string[]): Promise<Change[]> {
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
      ...{ awakeSince: 0, inFlight: new Set<string>(), consented: () => true },
      rigs: [
        {
          ...{ port: this.rig({ rounds: 0 }), accepted: true, unacceptedReviewers: [] },
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
            merge_queue: { max_batch: this.options.maxBatch ?? 16 },
          } as unknown as RigSettings,
        },
      ],
    });
  }

  private context(searched: { rounds: number }): EngineContext {
    const rig = this.rig(searched);
    const context: Partial<EngineContext> = {
      store: this.store,
      clock: { now: () => new Date(this.now) },
      rig: () => rig,
      activity: new Map(),
      onActivity: () => undefined,
    };
    return context as EngineContext;
  }

  private rig(searched: { rounds: number }): RigPort {
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
        if (run.only !== undefined && run.confirms === undefined && commit !== this.tip) searched.rounds += 1;
        return runGates(commit, [GATE], run, {
          ...{ parallel: false, onGate },
          world: {
            ...{ results: this.results, checkOut: async () => undefined, changes: async () => '' },
            run: async () => {
              this.gateRuns += 1;
              this.service.now.value += this.gateMs;
              const isFlaky = this.random() < this.options.flaky;
              return isFlaky || this.changesIn(commit).some(({ broken }) => broken)
                ? { passed: false, problem: 'failed', output: '', isFinal: true }
                : { passed: true, isFinal: true };
            },
            recordFlaky: () => undefined,
          },
        });
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

  /** As many as may be are tested together, one batch after another, and every batch passes. */
  private oracle(): number[] {
    const { maxBatch = 16 } = this.options;
    // What conflicts or fails is known at once; it comes again when its author has repaired it, as it did here.
    const submissions = this.landed.map(({ submittedAt }) => submittedAt).sort((a, b) => a - b);
    const waits: number[] = [];
    for (let time = this.begun; submissions.length > 0; ) {
      time = Math.max(time, submissions[0]!);
      const batch: number[] = [];
      while (submissions[0] !== undefined && submissions[0] <= time && batch.length < maxBatch)
        batch.push(submissions.shift()!);
      time += this.gateMs;
      waits.push(...batch.map((at) => time - at));
    }
    return waits;
  }
}
