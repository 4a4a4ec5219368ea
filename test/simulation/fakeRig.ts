import { NO_FILES } from '../helpers/noFiles';
import { UserError } from '../../server/src/base/errors';
import type { FilesPort, RigPort } from '../../server/src/engine/loop/ports';
import type { RebaseResult } from '../../server/src/git/rebase';
import type { LandingBase } from '../../server/src/git/landingBase';
import { gatesOf, type RigSettings } from '../../server/src/town/config';
import type { GateInfo, ReviewSetting } from '../../server/src/protocol/town';
import type { MergeWindow } from '../../server/src/rigs/mergeWindow';
import { needsOf } from '../../server/src/rigs/gatePlan';
import { scopeOf } from '../../server/src/rigs/gateTargets';
import type { Pacing } from '../../server/src/rigs/pacing';
import { runGates, type GateEnd, type GateListener, type GateRun } from '../../server/src/rigs/runGates';
import type { GateResult } from '../../server/src/rigs/types';
import { FakePullRequests } from './fakePullRequests';
import type { Repository } from './repository';
import type { Guard, World } from './world';

export interface BeadFacts {
  /** Whether steps of its molecule are open. */
  hasOpenSteps(bead: string): boolean;
  /** The feature branch that it lands on. */
  targetOf(bead: string): string | undefined;
}

export class FakeRig implements RigPort {
  readonly maxReviewRounds = 3;

  /** @param beads what the ledger has of beads at this moment */
  constructor(
    readonly name: string,
    private readonly world: World,
    private readonly repository: Repository,
    private readonly guard: Guard,
    private readonly beads: BeadFacts,
  ) {}

  get gates(): readonly GateInfo[] {
    return gatesOf(this.settings);
  }

  /** Where the repository has parts, some need one gate and some another. */
  private get settings(): RigSettings {
    const { parts: targets } = this.repository;
    const lint = Object.keys(targets).length > 0 ? { lint_command: 'true' } : {};
    const limits = { gate_timeout: 1, gate_timeouts: {}, gate_limits: {}, env: {} };
    return { merge_queue: { test_command: 'true', ...lint, ...limits, targets } } as unknown as RigSettings;
  }

  get pacing(): Pacing {
    return this.repository.pacing;
  }

  recordSpawn(at: number): void {
    this.repository.pacing = { ...this.pacing, lastSpawnAt: at };
  }

  recordShortLife(at: number): void {
    this.repository.pacing = { ...this.pacing, shortLives: [...this.pacing.shortLives, at] };
  }

  /** What fails once is confirmed: here no gate fails twice on files that are sound. */
  get mergeQueue(): RigPort['mergeQueue'] {
    return {
      mode: this.repository.mergeMode,
      strategy: this.repository.strategy,
      flakyRetries: 1,
      checksBeforeReview: true,
      preVerified: false,
      gateRuns: this.repository.gateRuns,
    };
  }

  mergeWindow(): MergeWindow {
    return this.repository.mergeWindow;
  }

  recordMergeWindow(window: MergeWindow): void {
    this.repository.mergeWindow = window;
  }

  readonly avoidOverlap = false;
  /** Lanes depend on the files of changes; nothing else here does. */
  readonly files: FilesPort = { ...NO_FILES, of: (commit) => this.repository.ownFiles(commit) };

  get review(): ReviewSetting {
    return this.repository.review;
  }

  prepareWorktree(
    name: string,
    request: { bead: string; branch: string; base?: string; target?: string },
  ): Promise<{ base: string }> {
    return this.guard('a worktree is made', () => {
      this.failAtTimes();
      const { worktrees, branches } = this.repository;
      const known = worktrees.get(name);
      if (known && known.branch === request.branch) return { base: known.base };
      if (known) throw new UserError(`${name} is on ${known.branch}`, undefined, 'conflict');
      const { target } = request;
      const base =
        request.base ?? (target === undefined ? this.repository.landing : this.repository.featureBase(target).commit);
      branches.set(request.branch, base);
      worktrees.set(name, { bead: request.bead, branch: request.branch, base, target, commits: 0, attempt: 0 });
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

  landingBase(target?: string): Promise<LandingBase> {
    const { repository } = this;
    return this.guard('the target is read', () =>
      target === undefined
        ? { commit: repository.landing, expected: repository.landing }
        : repository.featureBase(target),
    );
  }

  rebase(commit: string, base: string): Promise<RebaseResult> {
    return this.guard('a change is rebased', () => {
      const about = this.repository.workOf(commit).at(-1);
      if (this.world.chances.happens('a change conflicts', 0.05, about)) return { kind: 'conflict', files: ['a.txt'] };
      const isOther = this.world.chances.happens('a rebase makes another patch', 0.1, about);
      return this.repository.rebase(commit, base, isOther);
    });
  }

  async runGates(commit: string, run: GateRun, onGate: GateListener): Promise<GateResult> {
    const { repository, settings } = this;
    // As the real one does it.
    const base = Object.keys(repository.parts).length > 0 && run.base !== commit ? run.base : undefined;
    const scope = scopeOf(settings, base === undefined ? undefined : repository.filesChanged(base, commit));
    const files = scope.targets ? repository.filesOf(commit, scope.targets) : repository.treeOf(commit);
    const result = await runGates(repository.treeOf(commit), scope.gates, run, {
      parallel: false,
      onGate,
      filesFor: () => files,
      world: {
        results: repository.results,
        checkOut: () => this.guard('a gate is started', () => this.requireApproval()),
        run: (gate) => this.guard('a gate has run', () => this.endOf(commit, gate.name, run)),
        changes: async () => '',
        recordFlaky: () => undefined,
      },
    });
    if (result.passed && run.only === undefined) repository.passed.add(repository.treeOf(commit));
    return result.passed && scope.targets ? { ...result, gates: scope.gates.map(({ name }) => name) } : result;
  }

  private endOf(commit: string, gate: string, { confirms }: GateRun): GateEnd {
    const about = this.repository.workOf(commit).at(-1);
    const isFlaky = confirms === undefined && this.world.chances.happens('a gate is flaky', 0.05, about);
    if (this.repository.isSound(commit, gate) && !isFlaky) return { passed: true, isFinal: true };
    return { passed: false, problem: 'failed with exit code 1', output: 'no', isFinal: true };
  }

  get pullRequests(): FakePullRequests {
    const { world, guard } = this;
    return new FakePullRequests(world.providerOf(this.name), world, guard, (commit) => this.checkOffer(commit));
  }

  /** A pull request is what would land, had nobody else to agree. */
  private checkOffer(commit: string): void {
    const { repository, world } = this;
    const { links, base } = repository.unlanded(commit);
    if (!repository.passed.has(repository.treeOf(commit)) || !this.isGreen(commit, base))
      world.violate('what is offered as a pull request has passed its gates', commit);
    for (const link of links) this.checkLink(link, undefined);
  }

  land(commit: string, { commit: base, branch, expected }: LandingBase): Promise<boolean> {
    return this.guard('a change is pushed', () => {
      this.failAtTimes();
      const { repository, world } = this;
      if (world.chances.happens('somebody else pushes first', 0.05, this.name))
        // Of a gate that never passed nobody can say that the target has broken it.
        repository.pushFromOutside({
          broken:
            this.hasPassed('test') && world.chances.happens('what is pushed from outside is broken', 0.2, this.name),
        });
      if ((branch === undefined ? repository.landing : repository.features.get(branch)) !== expected) return false;
      if (!repository.passed.has(repository.treeOf(commit)) || !this.isGreen(commit, base))
        world.violate('what lands has passed its gates', commit);
      const links = repository.commitsSince(base, commit);
      for (const link of links) this.checkLink(link, branch);
      if (repository.mergeMode === 'each' && links.some((link) => !this.isGreen(link, base)))
        world.violate('each commit passes its gates', commit);
      if (branch === undefined) repository.moveTarget(commit);
      else repository.moveFeature(branch, base, commit);
      return true;
    });
  }

  /** Whether a gate has ever passed: in a rig with parts this is another time for each. */
  private hasPassed(name: string): boolean {
    const gate = this.gates.find((each) => each.name === name)!;
    return this.repository.results.hasPassed({ gate, needs: needsOf(gate, this.gates) });
  }

  /** Gates that none of its changes needs may fail as they did before, where somebody has pushed what breaks them. */
  private isGreen(commit: string, base: string): boolean {
    const { repository, settings } = this;
    const needed = scopeOf(settings, repository.filesChanged(base, commit)).gates.map(({ name }) => name);
    return this.gates.every(
      ({ name }) => repository.isSound(commit, name) || (!needed.includes(name) && !repository.isSound(base, name)),
    );
  }

  /** Each commit of a chain is a change of its own. */
  private checkLink(commit: string, target: string | undefined): void {
    const { repository, world } = this;
    if (repository.isPart(commit)) return;
    const bead = repository.workOf(commit).at(-1)!;
    const isApproved = repository.review === 'off' || repository.approved.has(repository.patchOf(commit));
    if (!isApproved && !world.landedDirectly.has(bead)) world.violate('what lands was approved', commit);
    if (repository.isMerge(commit) && target === undefined) return; // all of it has landed on its feature branch before
    // What was submitted before its convoy was closed, or opened again, lands where it was meant to then.
    if (this.beads.targetOf(bead) !== target && !world.closedConvoys)
      world.violate('nothing of a convoy with a feature branch is on the target before all of it', bead);
    if (this.beads.hasOpenSteps(bead)) world.violate('nothing is merged while steps of its molecule are open', bead);
  }

  hasLanded(commit: string, target?: string): Promise<boolean> {
    return this.guard('the target is read', () => this.repository.hasLanded(commit, target));
  }

  mergeBranch(commit: string, base: string): Promise<RebaseResult> {
    return this.guard('a branch is merged', () => this.repository.merge(commit, base));
  }

  featureTip(branch: string): Promise<string | undefined> {
    return this.guard('a feature branch is read', () => this.repository.featureTip(branch));
  }

  dropFeature(branch: string, { landed }: { landed: boolean }): Promise<'deleted'> {
    return this.guard('a feature branch is deleted', () => {
      this.failAtTimes();
      const { repository, world } = this;
      const tip = repository.features.get(branch);
      if (landed && tip !== undefined && !repository.contains(repository.landing, tip))
        world.violate('a feature branch is deleted when it has landed', branch);
      repository.dropFeature(branch, landed);
      return 'deleted';
    });
  }

  retireWorktree(name: string, bead: string): Promise<string | undefined> {
    return this.guard('a worktree is removed', () => {
      const { repository, world } = this;
      const worktree = repository.worktrees.get(name);
      if (!worktree) return undefined;
      if (worktree.bead !== bead)
        world.violate('a worktree is removed for its own bead', `${worktree.bead} for ${bead}`);
      // A person who slings a failed bead again asks for a new beginning; its old work is in the snapshot.
      const isKnown =
        world.begunAnew.has(bead) ||
        world.lateWork.has(bead) ||
        world.closedByHand.has(bead) ||
        repository.collectedWork.includes(bead);
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
