import { AbortedError, untilAborted } from '../../../../server/src/base/abort';
import type { RigPort } from '../../../../server/src/engine/loop/ports';
import type { RebaseResult } from '../../../../server/src/git/rebase';
import type { MergeMode } from '../../../../server/src/protocol/town';
import { GateResults } from '../../../../server/src/rigs/gateResults';
import { GateSlots, type GateSlot } from '../../../../server/src/rigs/gateSlots';
import { FIRST_WINDOW, type MergeWindow } from '../../../../server/src/rigs/mergeWindow';
import { runGates, type GateListener, type GateRun } from '../../../../server/src/rigs/runGates';
import { SharedRuns } from '../../../../server/src/rigs/sharedRuns';
import type { GateResult } from '../../../../server/src/rigs/types';
import { NO_FILES } from '../../../helpers/noFiles';
import { hashOf } from '../../../simulation/chances';
import { conflict, fails, GATES, lanesSince, patchOf, treeOf, type Change, type State } from './change';
import { MemoryDisk } from '../../../simulation/memoryDisk';
import type { QueueModel } from './model';

export interface Settings {
  mode: MergeMode;
  maxBatch: number;
  gateRuns: number;
  strategy: 'squash' | 'rebase' | 'merge';
  /** Whether the rig names its parts, which are tested alone and land side by side. */
  hasLanes: boolean;
}

interface Commit {
  id: string;
  parent?: string;
  state: State;
}

/** A call of the queue that has not gone on yet. */
interface Pending {
  what: string;
  goOn(): void;
}

/** Part of the gates that fail the first time, on files that pass the second time. */
const FLAKY = 0.06;

/** What outlives a server: its disk, the repository, the results of gates. What the queue calls goes on when the test says so. */
export class QueueWorld {
  readonly disk = new MemoryDisk();
  readonly pending: Pending[] = [];
  readonly branches = new Map<string, Change>();
  settings: Settings = { mode: 'batch', maxBatch: 16, gateRuns: 1, strategy: 'squash', hasLanes: false };
  now = 1_700_000_000_000;
  /** The mode in which the turn of a change began, by branch; missing where it was changed since. */
  readonly turnModes = new Map<string, MergeMode>();
  /** What the model has said. */
  broken: Error | undefined;
  private readonly commits = new Map<string, Commit>([['root', { id: 'root', state: [] }]]);
  private readonly onTarget = new Set(['root']);
  private readonly results = new GateResults();
  private readonly runs = new Map<string, number>();
  private window: MergeWindow = FIRST_WINDOW;
  private tip = 'root';

  constructor(
    private readonly model: QueueModel,
    private readonly seed: number,
  ) {
    // Of a gate that has never passed nobody can say that it is the target that fails it.
    for (const gate of GATES) {
      for (const lanes of [undefined, ['a'], ['b'], ['a', 'b']]) {
        const tree = treeOf([], lanes);
        this.results.set({ tree, gate, needs: [] }, { passed: true });
        model.gatePassed(tree, gate.name);
      }
    }
  }

  /** Something is told to the model. */
  tell(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.broken ??= error as Error;
    }
  }

  /** Whether a commit of the target is the one by which a change came in. */
  holds(commit: string | undefined, change: Change): boolean {
    return commit !== undefined && this.onTarget.has(commit) && this.stateOf(commit).at(-1)?.change === change;
  }

  pushFromOutside(change: Change): void {
    this.model.pushedFromOutside(change);
    this.moveTo(this.commit(this.tip, [...this.stateOf(this.tip), { change, part: change.parts }]).id);
  }

  private stateOf(commit: string): State {
    return this.commits.get(commit)!.state;
  }

  private commit(parent: string, state: State): Commit {
    const made = { id: `c${this.commits.size}`, parent, state };
    this.commits.set(made.id, made);
    return made;
  }

  private moveTo(commit: string): void {
    for (const id of this.since(this.tip, commit)) this.onTarget.add(id);
    this.tip = commit;
  }

  /** Commits that are in one and not in the other, oldest first. */
  private since(base: string, commit: string): string[] {
    const found: string[] = [];
    for (let id: string | undefined = commit; id !== undefined && id !== base; id = this.commits.get(id)?.parent)
      found.unshift(id);
    return found;
  }

  private rebase(branch: string, onto: string): RebaseResult {
    const change = this.branches.get(branch)!;
    const state = this.stateOf(onto);
    if (state.some(({ change: { bead } }) => bead === change.bead)) return { kind: 'empty' };
    if (state.some((part) => conflict(part.change, change))) return { kind: 'conflict', files: ['a.txt'] };
    const first = this.settings.strategy === 'rebase' ? 1 : change.parts;
    let parent = onto;
    const commits: string[] = [];
    for (let part = first; part <= change.parts; part += 1) {
      const made = this.commit(parent, [...state, { change, part }]);
      this.model.commitMade(made.state);
      commits.push((parent = made.id));
    }
    return { kind: 'clean', commit: commits.at(-1)!, before: commits.slice(0, -1) };
  }

  private land(commit: string, base: string, expected: string | undefined): boolean {
    if (this.tip !== expected) return false;
    const states = this.since(base, commit).map((id) => this.stateOf(id));
    const mode = this.turnModes.get(this.stateOf(commit).at(-1)!.change.name);
    this.tell(() => this.model.landed(this.stateOf(base), states, mode, this.settings.hasLanes));
    this.moveTo(commit);
    return true;
  }

  /** The rig as one life of the server has it. */
  rig(life: { alive: boolean }): RigPort {
    const call = async <T>(what: string, effect: () => T): Promise<T> => {
      await this.turn(what);
      return life.alive ? effect() : new Promise<never>(() => undefined);
    };
    const slots = new GateSlots(() => this.settings.gateRuns);
    const shared = new SharedRuns<GateResult>();
    const queue = (): RigPort['mergeQueue'] => ({
      ...{ mode: this.settings.mode, strategy: this.settings.strategy, gateRuns: this.settings.gateRuns },
      ...{ flakyRetries: 1, checksBeforeReview: true, preVerified: false },
    });
    const port: Partial<RigPort> = {
      ...{ name: 'toy', gates: GATES, review: 'person', maxReviewRounds: 99, avoidOverlap: false },
      files: { ...NO_FILES, of: (branch) => this.filesOf(branch) },
      ...{ pacing: { lastSpawnAt: 0, shortLives: [] }, worktrees: () => [] },
      get mergeQueue() {
        return queue();
      },
      mergeWindow: () => this.window,
      recordMergeWindow: (window) => void (this.window = window),
      branchTip: (branch) => call('a branch is read', () => branch),
      landingBase: () => call('the target is read', () => ({ commit: this.tip, expected: this.tip })),
      rebase: (branch, onto) => call('a change is rebased', () => this.rebase(branch, onto)),
      patchId: (base, commit) =>
        call('a patch is read', () => patchOf(this.stateOf(commit).at(-1)!.change, this.stateOf(base))),
      keepForReview: () => call('a commit is kept', () => undefined),
      hasLanded: (commit) => call('the target is read', () => this.onTarget.has(commit)),
      land: (commit, { commit: base, expected }) => call('a push', () => this.land(commit, base, expected)),
      runGates: (commit, run, onGate) => {
        const begin = (): Promise<GateResult> => this.runGates(commit, run, { onGate, slots, life });
        const key = `${run.only} ${this.testedTree(commit, run.base)}`;
        return run.confirms === undefined ? shared.run(key, begin) : begin();
      },
    };
    return port as RigPort;
  }

  /** No two changes touch the same file: what they do to each other is said by `conflicts` and `clashes`. */
  private filesOf(branch: string): string[] {
    const { lane, name } = this.branches.get(branch)!;
    return [lane === undefined ? name : `${lane}/${name}`];
  }

  /** The files that gates see: those of the changed parts, or all. */
  private testedTree(commit: string, base: string | undefined): string {
    const state = this.stateOf(commit);
    const isPart = this.settings.hasLanes && base !== undefined && base !== commit;
    return treeOf(state, isPart ? lanesSince(this.stateOf(base), state) : undefined);
  }

  private async turn(what: string): Promise<void> {
    await new Promise<void>((goOn) => this.pending.push({ what, goOn }));
  }

  private async runGates(
    commit: string,
    run: GateRun,
    { onGate, slots, life }: { onGate: GateListener; slots: GateSlots; life: { alive: boolean } },
  ): Promise<GateResult> {
    const state = this.stateOf(commit);
    const tree = this.testedTree(commit, run.base);
    let slot: GateSlot | undefined;
    try {
      return await runGates(tree, GATES, run, {
        ...{ parallel: false, onGate },
        world: {
          ...{ results: this.results, changes: async () => '', recordFlaky: () => undefined },
          checkOut: async () => {
            slot ??= run.isSpare ? slots.takeSpare() : await slots.take('');
            if (!slot) throw new AbortedError();
          },
          run: async ({ name }) => {
            this.tell(() => this.model.gateStarts(tree, name));
            await this.gateTime(`${name} runs`);
            if (!life.alive) return new Promise<never>(() => undefined);
            if (fails(state, name) || this.isFlaky(`${name} ${tree}`))
              return { passed: false, problem: 'failed', output: '', isFinal: true };
            this.model.gatePassed(tree, name);
            return { passed: true, isFinal: true };
          },
        },
      });
    } finally {
      slot?.release();
    }
  }

  private async gateTime(what: string): Promise<void> {
    const ended = this.turn(what);
    const mine = this.pending.at(-1)!;
    try {
      await untilAborted(ended);
    } finally {
      const index = this.pending.indexOf(mine);
      if (index >= 0) this.pending.splice(index, 1);
    }
  }

  /** Only its first run on these files. */
  private isFlaky(run: string): boolean {
    const count = this.runs.get(run) ?? 0;
    this.runs.set(run, count + 1);
    return count === 0 && hashOf(run, this.seed) / 2 ** 32 < FLAKY;
  }
}
