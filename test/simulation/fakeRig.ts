import { UserError } from '../../server/src/base/errors';
import type { RigPort } from '../../server/src/engine/loop/ports';
import type { RebaseResult } from '../../server/src/git/rebase';
import type { GateInfo, ReviewMode } from '../../server/src/protocol/town';
import type { Pacing } from '../../server/src/rigs/pacing';
import type { GateResult } from '../../server/src/rigs/types';
import type { Repository } from './repository';
import type { Guard, World } from './world';

export class FakeRig implements RigPort {
  readonly gates: readonly GateInfo[] = [{ name: 'test', command: 'true', timeoutSeconds: 1 }];
  readonly maxReviewRounds = 3;

  /** @param hasOpenSteps whether steps of a bead's molecule are open, as the ledger has it at this moment */
  constructor(
    readonly name: string,
    private readonly world: World,
    private readonly repository: Repository,
    private readonly guard: Guard,
    private readonly hasOpenSteps: (bead: string) => boolean,
  ) {}

  get pacing(): Pacing {
    return this.repository.pacing;
  }

  recordSpawn(at: number): void {
    this.repository.pacing = { ...this.pacing, lastSpawnAt: at };
  }

  recordShortLife(at: number): void {
    this.repository.pacing = { ...this.pacing, shortLives: [...this.pacing.shortLives, at] };
  }

  get review(): ReviewMode {
    return this.repository.review;
  }

  prepareWorktree(name: string, request: { bead: string; branch: string; base?: string }): Promise<{ base: string }> {
    return this.guard('a worktree is made', () => {
      this.failAtTimes();
      const { worktrees, branches } = this.repository;
      const known = worktrees.get(name);
      if (known && known.branch === request.branch) return { base: known.base };
      if (known) throw new UserError(`${name} is on ${known.branch}`, undefined, 'conflict');
      const base = request.base ?? this.repository.landing;
      branches.set(request.branch, base);
      worktrees.set(name, { bead: request.bead, branch: request.branch, base, commits: 0, attempt: 0 });
      return { base };
    });
  }

  worktrees(): { name: string; bead?: string }[] {
    return [...this.repository.worktrees].map(([name, worktree]) => ({ name, bead: worktree.bead }));
  }

  patchId(_base: string, commit: string): Promise<string> {
    return this.guard('a patch is looked at', () => this.repository.patchOf(commit));
  }

  keepForReview(): Promise<void> {
    return this.guard('a commit is kept for its review', () => undefined);
  }

  prepareReview(): Promise<void> {
    return this.guard('the worktree of the reviewer is made', () => undefined);
  }

  runReview({ commit }: { commit: string }): Promise<{ code: number | null; output: string }> {
    return this.guard('the review command has run', () => {
      this.requireApproval();
      const about = this.repository.workOf(commit).at(-1);
      if (this.world.chances.happens('the review command rejects', 0.12, about)) return { code: 1, output: 'no' };
      if (this.world.chances.happens('the review command hangs', 0.08, about)) return { code: null, output: 'hangs' };
      this.repository.approved.add(this.repository.patchOf(commit));
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
    return this.guard('a branch is read', () => this.repository.branches.get(branch));
  }

  hasUnsubmittedWork(name: string): Promise<boolean> {
    return this.guard('a worktree is read', () => (this.repository.worktrees.get(name)?.commits ?? 0) > 0);
  }

  progress(name: string): Promise<string> {
    return this.guard('a worktree is read', () => String(this.repository.worktrees.get(name)?.commits));
  }

  submittable(name: string, work: { isUnchanged?: boolean }): Promise<{ commit: string }> {
    return this.guard('a worktree is read', () => {
      const worktree = this.repository.worktrees.get(name);
      if (!worktree || worktree.commits > 0 === (work.isUnchanged === true))
        throw new UserError('its worktree is not as it says');
      return { commit: this.repository.branches.get(worktree.branch)! };
    });
  }

  landingBase(): Promise<{ commit: string; expected: string }> {
    const { landing } = this.repository;
    return this.guard('the target is read', () => ({ commit: landing, expected: landing }));
  }

  rebase(commit: string, base: string): Promise<RebaseResult> {
    return this.guard('a change is rebased', () => {
      const about = this.repository.workOf(commit).at(-1);
      if (this.world.chances.happens('a change conflicts', 0.05, about)) return { kind: 'conflict', files: ['a.txt'] };
      const isOther = this.world.chances.happens('a rebase makes another patch', 0.1, about);
      return this.repository.rebase(commit, base, isOther);
    });
  }

  async runGates(
    commit: string,
    _mergeRequest: string,
    onGate: (gate: GateInfo, outcome: 'started' | 'passed' | 'failed') => void,
  ): Promise<GateResult> {
    const gate = this.gates[0]!;
    await this.guard('a gate is started', () => {
      this.requireApproval();
      onGate(gate, 'started');
    });
    return this.guard('a gate has run', (): GateResult => {
      if (this.world.chances.happens('a gate fails', 0.12, this.repository.workOf(commit).at(-1))) {
        onGate(gate, 'failed');
        return { passed: false, gate: 'test', problem: 'failed with exit code 1', output: 'no' };
      }
      this.repository.gatePassed.add(commit);
      onGate(gate, 'passed');
      return { passed: true };
    });
  }

  land(commit: string, expected: string | undefined): Promise<boolean> {
    return this.guard('a change is pushed', () => {
      this.failAtTimes();
      const { repository, world } = this;
      if (world.chances.happens('somebody else pushes first', 0.05, this.name)) repository.pushFromOutside();
      if (repository.landing !== expected) return false;
      if (!repository.gatePassed.has(commit)) world.violate('what lands has passed its gates', commit);
      if (repository.review !== 'off' && !repository.approved.has(repository.patchOf(commit)))
        world.violate('what lands was approved', commit);
      const bead = repository.workOf(commit).at(-1)!;
      if (this.hasOpenSteps(bead)) world.violate('nothing is merged while steps of its molecule are open', bead);
      repository.moveTarget(commit);
      repository.gatePassed.add(commit);
      return true;
    });
  }

  hasLanded(commit: string): Promise<boolean> {
    return this.guard('the target is read', () => this.repository.hasLanded(commit));
  }

  retireWorktree(name: string, bead: string): Promise<string | undefined> {
    return this.guard('a worktree is removed', () => {
      const { repository, world } = this;
      const worktree = repository.worktrees.get(name);
      if (!worktree) return undefined;
      if (worktree.bead !== bead)
        world.violate('a worktree is removed for its own bead', `${worktree.bead} for ${bead}`);
      // A person who slings a failed bead again asks for a new beginning; its old work is in the snapshot.
      const isKnown = world.begunAnew.has(bead) || world.lateWork.has(bead) || repository.landedWork.includes(bead);
      if (worktree.commits > 0 && !isKnown) world.violate('no unmerged work is removed', bead);
      repository.worktrees.delete(name);
      return undefined;
    });
  }

  /** Asked right before they run, as by the real one. */
  private requireApproval(): void {
    if (!this.world.approvals.has(this.name))
      throw new UserError(`the commands of ${this.name} wait for a person`, undefined, 'consent');
  }

  private failAtTimes(): void {
    if (this.world.chances.happens('the network is away', 0.05, this.name))
      throw new UserError('the network is away', undefined, 'unavailable');
  }
}
