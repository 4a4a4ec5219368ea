import type { Pacing } from '../../server/src/rigs/pacing';
import { UserError } from '../../server/src/base/errors';
import type { GateInfo, ReviewMode } from '../../server/src/protocol/town';
import type { RigPort, SessionPort } from '../../server/src/engine/loop/ports';
import type { SessionRequest } from '../../server/src/sessions/types';
import type { GateResult } from '../../server/src/rigs/types';
import type { SessionView } from '../../server/src/sessions/types';
import { TownLayout } from '../../server/src/town/layout';

const layout = new TownLayout('/town');

/** Pseudo-random numbers from a seed (mulberry32): the same seed, the same run. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Commit {
  id: string;
  /** Beads whose work is in it, in order. */
  work: string[];
}

interface Worktree {
  bead: string;
  branch: string;
  base: string;
  commits: number;
  /** The attempt that made the last commit. */
  attempt: number;
}

/**
 * What lives outside of the server and survives its death: the repository, the worktrees and the session host.
 * It breaks in all the ways that the real one does, and notes what must never happen.
 */
export class World {
  readonly commits = new Map<string, Commit>([['root', { id: 'root', work: [] }]]);
  readonly branches = new Map<string, string>();
  readonly worktrees = new Map<string, Worktree>();
  readonly sessions = new Map<string, SessionView & { attempt: number }>();
  readonly gatePassed = new Set<string>();
  /** Commits whose rebase has made another patch of them. */
  readonly patches = new Map<string, number>();
  /** Sessions that hang. */
  readonly stalled = new Set<string>();
  /** Patches that somebody has approved. */
  readonly approved = new Set<string>();
  review: ReviewMode = 'off';
  landing = 'root';
  now = 1_700_000_000_000;
  violations: string[] = [];
  /** Beads that a person slung again after they had failed. */
  readonly begunAnew = new Set<string>();
  private counter = 0;

  constructor(readonly random: () => number) {}

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  commit(work: string[]): Commit {
    const commit = { id: `c${++this.counter}`, work };
    this.commits.set(commit.id, commit);
    return commit;
  }

  patchOf(commit: string): string {
    return `${this.workOf(commit).at(-1)}/${this.patches.get(commit) ?? 0}`;
  }

  workOf(commit: string): string[] {
    return this.commits.get(commit)?.work ?? [];
  }

  /** A moment of the agents' lives: they commit, crash, give up; and one may now say `gt done`, or judge a change. */
  step(): { done?: string; judge?: string } {
    for (const session of this.sessions.values()) {
      if (session.exit) continue;
      if (session.role === 'refinery') {
        if (this.chance(0.1)) session.exit = { kind: this.chance(0.5) ? 'killed' : 'exited', code: null };
        else if (this.chance(0.6)) return { judge: session.agent };
        continue;
      }
      const worktree = this.worktrees.get(session.name);
      if (this.stalled.has(session.id)) continue;
      // It hangs: nothing comes of it until somebody ends it.
      if (this.chance(0.01)) this.stalled.add(session.id);
      else if (this.chance(0.04)) session.exit = { kind: 'killed', code: null };
      else if (this.chance(0.02)) session.exit = { kind: 'exited', code: 1 };
      else if (worktree && this.chance(0.4)) this.work(worktree, session.attempt);
      else if (worktree && worktree.commits > 0 && session.doneAt === undefined && this.chance(0.4))
        return { done: session.agent };
    }
    return {};
  }

  /** One commit for each attempt: what was sent back is changed, mostly. */
  private work(worktree: Worktree, attempt: number): void {
    if (worktree.commits > 0 && (worktree.attempt === attempt || this.chance(0.1))) return;
    worktree.commits += 1;
    worktree.attempt = attempt;
    const { id } = this.commit([...this.workOf(worktree.base), worktree.bead]);
    this.patches.set(id, Math.floor(this.random() * 1e9));
    this.branches.set(worktree.branch, id);
  }

  /** The session host is killed: everything in it dies. */
  killHost(): void {
    for (const session of this.sessions.values()) session.exit ??= { kind: 'killed', code: null };
  }
}

/** Every call may come from a server that is dead: then it has no effect and never answers. */
export type Guard = <T>(effect: () => T) => Promise<T>;

export class FakeRig implements RigPort {
  readonly name = 'toy';
  pacing: Pacing = { lastSpawnAt: 0, shortLives: [] };
  readonly gates: GateInfo[] = [{ name: 'test', command: 'true', timeoutSeconds: 1 }];

  constructor(
    private readonly world: World,
    private readonly guard: Guard,
  ) {}

  recordSpawn(at: number): void {
    this.pacing = { ...this.pacing, lastSpawnAt: at };
  }

  recordShortLife(at: number): void {
    this.pacing = { ...this.pacing, shortLives: [...this.pacing.shortLives, at] };
  }

  prepareWorktree(name: string, request: { bead: string; branch: string; base?: string }): Promise<{ base: string }> {
    return this.guard(() => {
      if (this.world.chance(0.05)) throw new UserError('the network is away', undefined, 'unavailable');
      const known = this.world.worktrees.get(name);
      if (known && known.branch === request.branch) return { base: known.base };
      if (known) throw new UserError(`${name} is on ${known.branch}`, undefined, 'conflict');
      const base = request.base ?? this.world.landing;
      this.world.branches.set(request.branch, base);
      this.world.worktrees.set(name, { bead: request.bead, branch: request.branch, base, commits: 0, attempt: 0 });
      return { base };
    });
  }

  worktrees(): { name: string; bead?: string }[] {
    return [...this.world.worktrees].map(([name, worktree]) => ({ name, bead: worktree.bead }));
  }

  readonly maxReviewRounds = 3;

  get review(): ReviewMode {
    return this.world.review;
  }

  /** What a commit does is known by its own work, and by how often its surroundings have changed it. */
  patchId(_base: string, commit: string): Promise<string> {
    return this.guard(() => this.world.patchOf(commit));
  }

  keepForReview(): Promise<void> {
    return this.guard(() => undefined);
  }

  prepareReview(): Promise<void> {
    return this.guard(() => undefined);
  }

  runReview({ commit }: { commit: string }): Promise<{ code: number | null; output: string }> {
    return this.guard(() => {
      const chance = this.world.random();
      if (chance < 0.12) return { code: 1, output: 'no' };
      if (chance < 0.2) return { code: null, output: 'hangs' };
      this.world.approved.add(this.world.patchOf(commit));
      return { code: 0, output: 'fine' };
    });
  }

  async snapshots(): Promise<never[]> {
    return [];
  }

  async restoreSnapshot(_name: string, commit: string): Promise<{ base: string; authors: string[] }> {
    return { base: commit, authors: [] };
  }

  frozenScript(): undefined {
    return undefined;
  }

  branchTip(branch: string): Promise<string | undefined> {
    return this.guard(() => this.world.branches.get(branch));
  }

  hasUnsubmittedWork(name: string): Promise<boolean> {
    return this.guard(() => (this.world.worktrees.get(name)?.commits ?? 0) > 0);
  }

  progress(name: string): Promise<string> {
    return this.guard(() => String(this.world.worktrees.get(name)?.commits));
  }

  submittable(name: string): Promise<{ commit: string }> {
    return this.guard(() => {
      const worktree = this.world.worktrees.get(name);
      if (!worktree || worktree.commits === 0) throw new UserError('there is nothing to merge');
      return { commit: this.world.branches.get(worktree.branch)! };
    });
  }

  landingBase(): Promise<{ commit: string; expected: string }> {
    return this.guard(() => ({ commit: this.world.landing, expected: this.world.landing }));
  }

  rebase(
    commit: string,
    base: string,
  ): Promise<{ kind: 'clean'; commit: string } | { kind: 'conflict'; files: string[] }> {
    return this.guard(() => {
      if (this.world.chance(0.05)) return { kind: 'conflict', files: ['a.txt'] };
      const own = this.world.workOf(commit).at(-1)!;
      const rebased = this.world.commit([...this.world.workOf(base), own]).id;
      // What landed meanwhile may stand around the change now, and make another patch of it.
      this.world.patches.set(
        rebased,
        this.world.chance(0.1) ? Math.floor(this.world.random() * 1e9) : (this.world.patches.get(commit) ?? 0),
      );
      return { kind: 'clean', commit: rebased };
    });
  }

  async runGates(
    commit: string,
    _mergeRequest: string,
    onGate: (gate: GateInfo, outcome: 'started' | 'passed' | 'failed') => void,
  ): Promise<GateResult> {
    await this.guard(() => onGate(this.gates[0]!, 'started'));
    await this.guard(() => undefined);
    return this.guard((): GateResult => {
      if (this.world.chance(0.15)) {
        onGate(this.gates[0]!, 'failed');
        return { passed: false, gate: 'test', problem: 'failed with exit code 1', output: 'no' };
      }
      this.world.gatePassed.add(commit);
      onGate(this.gates[0]!, 'passed');
      return { passed: true };
    });
  }

  land(commit: string, expected: string | undefined): Promise<boolean> {
    return this.guard(() => {
      if (this.world.chance(0.05)) throw new UserError('the network is away', undefined, 'unavailable');
      // Somebody else pushed first.
      if (this.world.chance(0.05))
        this.world.landing = this.world.commit([
          ...this.world.workOf(this.world.landing),
          `outside${this.world.commits.size}`,
        ]).id;
      if (this.world.landing !== expected) return false;
      if (!this.world.gatePassed.has(commit)) this.world.violations.push(`${commit} landed without its gates`);
      if (this.world.review !== 'off' && !this.world.approved.has(this.world.patchOf(commit)))
        this.world.violations.push(`${commit} landed without approval`);
      this.world.landing = commit;
      this.world.gatePassed.add(commit);
      return true;
    });
  }

  hasLanded(commit: string): Promise<boolean> {
    return this.guard(() => {
      const work = this.world.workOf(commit);
      return work.length > 0 && work.every((bead, index) => this.world.workOf(this.world.landing)[index] === bead);
    });
  }

  retireWorktree(name: string, bead: string): Promise<string | undefined> {
    return this.guard(() => {
      const worktree = this.world.worktrees.get(name);
      if (!worktree) return;
      if (worktree.bead !== bead)
        this.world.violations.push(`the worktree of ${worktree.bead} was removed for ${bead}`);
      // A person who slings a failed bead again asks for a new beginning; its old work is in the snapshot.
      if (
        worktree.commits > 0 &&
        !this.world.begunAnew.has(bead) &&
        !this.world.workOf(this.world.landing).includes(bead)
      )
        this.world.violations.push(`unmerged work of ${bead} was removed`);
      this.world.worktrees.delete(name);
      return undefined;
    });
  }
}

export class FakeSessions implements SessionPort {
  constructor(
    private readonly world: World,
    private readonly guard: Guard,
  ) {}

  all(): SessionView[] {
    return [...this.world.sessions.values()].map((session) => ({ ...session }));
  }

  start(request: SessionRequest): Promise<void> {
    return this.guard(() => {
      const live = [...this.world.sessions.values()].filter((session) => !session.exit);
      if (live.some((session) => session.agent === request.agent && session.bead === request.bead)) return;
      if (live.some((session) => session.agent === request.agent || session.bead === request.bead))
        this.world.violations.push(`second live session for ${request.agent} or ${request.bead}`);
      for (const [id, session] of this.world.sessions)
        if (session.agent === request.agent) this.world.sessions.delete(id);
      const id = `s${this.world.sessions.size}-${this.world.now}-${Math.floor(this.world.random() * 1e6)}`;
      const { role, rig, name } = layout.locationOf(request.agent)!;
      this.world.sessions.set(id, {
        id,
        agent: request.agent,
        role,
        rig,
        name,
        bead: request.bead,
        startedAt: this.world.now,
        look: { lastOutputAt: this.world.now, saidNothing: false },
        attempt: request.attempt,
      });
    });
  }

  end(session: string, by: 'stopped' | 'ended'): Promise<void> {
    return this.guard(() => {
      const known = this.world.sessions.get(session);
      if (known) known.exit ??= { kind: by, code: null };
    });
  }

  async endAgent(agent: string, by: 'stopped' | 'ended'): Promise<void> {
    const live = [...this.world.sessions.values()].find((session) => session.agent === agent && !session.exit);
    if (live) await this.end(live.id, by);
  }

  kill(session: string): Promise<void> {
    return this.guard(() => {
      const known = this.world.sessions.get(session);
      if (known) known.exit ??= { kind: 'killed', code: null };
    });
  }

  takesNudges(session: string): boolean {
    return session.length % 2 === 0;
  }

  /** Words wake some agents up. */
  nudge(session: string): Promise<void> {
    return this.guard(() => {
      const known = this.world.sessions.get(session);
      if (known) known.look = { lastOutputAt: this.world.now, saidNothing: false };
    });
  }

  forget(session: string): Promise<void> {
    return this.guard(() => {
      this.world.sessions.delete(session);
    });
  }

  async tail(): Promise<string> {
    return 'the last lines';
  }
}
