import { NO_FILES } from '../../helpers/noFiles';
import { Activities } from '../../../server/src/engine/loop/activities';
import { FIRST_WINDOW, type MergeWindow } from '../../../server/src/rigs/mergeWindow';
import { UserError } from '../../../server/src/base/errors';
import type { BeadStore } from '../../../server/src/beads/store';
import type { NewBead } from '../../../server/src/beads/model/newBead';
import type { EngineContext } from '../../../server/src/engine/loop/context';
import type { RigPort, SessionPort } from '../../../server/src/engine/loop/ports';
import { mergeOf, workOf, type MergeRequest, type Work } from '../../../server/src/engine/state/work';
import type { Bead } from '../../../server/src/protocol/bead';
import type { ReviewSetting } from '../../../server/src/protocol/town';
import type { SessionView } from '../../../server/src/sessions/types';
import { openService, type Service } from '../beads/service';

export const RUST = 'toy/polecats/rust';
export const BRANCH = 'polecat/rust/one';

/** The rig `toy` with its ledger in memory, and git and sessions made up: what actions of the engine meet. */
export class EngineTown {
  /** What git and the session host were asked to do, in order. */
  readonly calls: string[] = [];
  readonly sessions: SessionView[] = [];
  review: ReviewSetting = 'off';
  mergeWindow: MergeWindow = FIRST_WINDOW;
  readonly activity = new Activities();
  /** Commits on the target. */
  readonly target = ['base'];
  /** Replaces what the rig answers; everything succeeds where it is missing. */
  readonly rig: Partial<RigPort> = {};
  /** Replaces what the session host answers. */
  readonly host: Partial<SessionPort> = {};

  private constructor(readonly service: Service) {}

  static async open(): Promise<EngineTown> {
    return new EngineTown(await openService(['hq', 'toy']));
  }

  get store(): BeadStore {
    return this.service.store;
  }

  async create(bead: Partial<NewBead> = {}, ledger = 'toy'): Promise<Bead> {
    return this.store.batch({ actor: 'ann' }, (tx) => tx.create(ledger, { title: 'One', type: 'task', ...bead }));
  }

  /** A bead on rust's hook. */
  hooked(work: Partial<Work> = {}, status: Bead['status'] = 'hooked'): Promise<Bead> {
    const gastown = { branch: BRANCH, attempt: 1, ...work };
    return this.create({ status: status as never, assignee: RUST, metadata: { gastown } });
  }

  /** A bead of rust's that waits to be merged, and its request. */
  async submitted(
    merge: Partial<MergeRequest> = {},
    work: Partial<Work> = {},
  ): Promise<{ bead: string; request: string }> {
    const { id: source } = await this.hooked(work, 'in_review');
    const request = { source, rig: 'toy', branch: BRANCH, commit: 'tip', worker: RUST, ...merge };
    const { id } = await this.create({ title: 'Merge: One', type: 'merge_request', metadata: { merge: request } });
    return { bead: source, request: id };
  }

  bead(id: string): Bead {
    return this.store.get(id)!;
  }

  work(id: string): Work {
    return workOf(this.bead(id));
  }

  merge(id: string): MergeRequest {
    return mergeOf(this.bead(id))!;
  }

  update(id: string, patch: Partial<Bead>): Promise<Bead> {
    return this.store.batch({ actor: 'ann' }, (tx) => tx.update(id, patch));
  }

  close(id: string): Promise<Bead> {
    return this.store.batch({ actor: 'ann' }, (tx) => tx.close(id, 'by hand', { force: true }));
  }

  /** Titles of open escalations. */
  get escalations(): string[] {
    return this.store.list({ type: ['escalation'], limit: 0 }).map((bead) => bead.title);
  }

  get context(): EngineContext {
    const note =
      <T>(call: string, result: T) =>
      async (): Promise<T> => {
        this.calls.push(call);
        return result;
      };
    const rig: Partial<RigPort> = {
      name: 'toy',
      gates: [],
      review: this.review,
      maxReviewRounds: 3,
      avoidOverlap: false,
      files: NO_FILES,
      frozenScript: () => undefined,
      prepareWorktree: note('worktree', { base: 'base' }),
      progress: async () => '1',
      hasUnsubmittedWork: async () => true,
      branchTip: async () => 'tip',
      landingBase: async () => ({ commit: this.target.at(-1)!, expected: this.target.at(-1) }),
      rebase: note('rebase', { kind: 'clean', commit: 'candidate' }),
      patchId: async () => 'patch',
      keepForReview: async () => undefined,
      prepareReview: async () => undefined,
      runReview: async () => ({ code: 0, output: '' }),
      runGates: note('gates', { passed: true }),
      hasLanded: async (commit) => this.target.includes(commit),
      land: async (commit, base) => {
        this.calls.push('land');
        if (this.target.at(-1) !== base.expected) return false;
        this.target.push(commit);
        return true;
      },
      mergeQueue: {
        mode: 'batch',
        strategy: 'squash',
        flakyRetries: 0,
        checksBeforeReview: true,
        preVerified: false,
        gateRuns: 1,
      },
      mergeWindow: () => this.mergeWindow,
      recordMergeWindow: (window) => void (this.mergeWindow = window),
      recordSpawn: () => undefined,
      recordShortLife: () => undefined,
      ...this.rig,
    };
    const sessions: Partial<SessionPort> = {
      all: () => this.sessions,
      start: note('start', undefined),
      end: note('end', undefined),
      endAgent: note('end', undefined),
      kill: note('kill', undefined),
      nudge: note('nudge', undefined),
      forget: note('forget', undefined),
      takesNudges: () => true,
      tail: async () => 'the last lines',
      ...this.host,
    };
    return {
      store: this.store,
      sessions: sessions as SessionPort,
      person: { notify: () => undefined },
      clock: { now: () => new Date(this.service.now.value) },
      rig: (name) => (name === 'toy' ? (rig as RigPort) : undefined),
      defaultRuntime: () => 'claude',
      reviewerRuntime: () => 'codex',
      workflow: () => undefined,
      isAccepted: { script: () => true },
      activity: this.activity,
      onActivity: () => undefined,
    };
  }
}

/** The network, a disk, a lock: it may work the next time. */
export const unavailable = (): Promise<never> =>
  Promise.reject(new UserError('the network is away', undefined, 'unavailable'));
