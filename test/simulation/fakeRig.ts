import { UserError } from '../../server/src/base/errors';
import type { RigPort } from '../../server/src/engine/loop/ports';
import type { GateInfo, ReviewMode } from '../../server/src/protocol/town';
import type { Pacing } from '../../server/src/rigs/pacing';
import type { GateResult } from '../../server/src/rigs/types';
import type { Guard, World } from './world';

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
