import path from 'node:path';
import { UserError } from '../base/errors';
import { fileAt } from '../git/change';
import type { LandingBase } from '../git/landingBase';
import { patchId, readableDiff } from '../git/patchId';
import type { RigRepository } from '../git/repository';
import { listSnapshots } from '../git/snapshots';
import type { CheckoutOptions } from '../git/worktree';
import type {
  FlakyGateInfo,
  GateInfo,
  MergeMode,
  MergeStrategy,
  ReviewSetting,
  SnapshotInfo,
  StepInfo,
} from '../protocol/town';
import {
  commandsOf,
  gateRunsOf,
  gatesOf,
  mergeStrategyOf,
  reviewSettingOf,
  rigSettingsFile,
  type RigConfig,
  type RigSettings,
} from '../town/config';
import { refineryAddress, type RigLayout, type TownLayout } from '../town/layout';
import { identityOf } from '../agents/gitIdentity';
import type { Assignment } from './assignment';
import { BranchFiles } from './branchFiles';
import type { DroppedFeature, EndedFeature } from './featureBranches';
import { ghProgram } from './forge/ghProgram';
import { GitHub } from './forge/github';
import { RigPullRequests } from './forge/pullRequests';
import { repositoryName } from './forge/repositoryName';
import { GateRunner } from './gateRunner';
import { RigLanding, type MadeCommits } from './landing';
import { FIRST_WINDOW, MergeWindowRecord, type MergeWindow } from './mergeWindow';
import { PacingRecord, type Pacing } from './pacing';
import { PolecatWorktrees } from './polecatWorktrees';
import { RigReviews } from './reviews';
import type { GateListener, GateRun } from './runGates';
import type { SubmittedWork } from './submission';
import type { FrozenBlocks, GateResult, RebasedWork, ReviewedChange, WorktreeRequest } from './types';

/** Above the limit of a reviewer's prompt in any script, so that a truncated diff is noticed. */
const MAX_READABLE_BYTES = 250_000;

/** A rig on disk: its repository, worktrees and gates. */
export class Rig {
  readonly layout: RigLayout;
  private readonly pacingRecord: PacingRecord;
  private readonly windowRecord: MergeWindowRecord;
  /** Batch sizes of feature branches, which are short-lived: not stored over restarts. */
  private readonly featureWindows = new Map<string, MergeWindow>();
  private readonly gateRunner: GateRunner;
  private readonly polecatWorktrees: PolecatWorktrees;
  private readonly landing: RigLanding;
  private readonly reviews: RigReviews;
  readonly pullRequests: RigPullRequests;

  /** Files that the changes of this rig touch. */
  readonly files: BranchFiles;

  constructor(
    private readonly town: TownLayout,
    readonly config: RigConfig,
    readonly repository: RigRepository,
    private readonly gateEnvironment: () => Promise<NodeJS.ProcessEnv>,
    emailDomain: () => string,
    /** Checked again right before commands run: they may have changed since the reconciler read them. */
    private readonly areAccepted: (gates: readonly GateInfo[]) => boolean,
  ) {
    this.layout = town.rig(config.name);
    this.pacingRecord = new PacingRecord(town.pacing(config.name));
    this.windowRecord = new MergeWindowRecord(town.mergeWindow(config.name));
    // Each part declares which of these it needs.
    const parts = {
      town,
      rig: config.name,
      layout: this.layout,
      repository,
      environment: gateEnvironment,
      emailDomain,
      identity: () => identityOf(refineryAddress(config.name), emailDomain()),
      checkout: () => this.checkoutOptions,
      settings: () => this.settings,
      start: async (target: string | undefined) => (await this.landing.base(target)).commit,
      requireAccepted: (settings?: RigSettings) => this.requireAccepted(settings),
    };
    this.gateRunner = new GateRunner(parts);
    this.landing = new RigLanding(parts);
    this.polecatWorktrees = new PolecatWorktrees(parts);
    this.reviews = new RigReviews(parts);
    this.files = new BranchFiles(repository);
    this.pullRequests = this.newPullRequests();
  }

  private newPullRequests(): RigPullRequests {
    const { repository, layout } = this;
    const gh = ghProgram(layout.root, this.gateEnvironment);
    const forge = (): GitHub =>
      new GitHub(repositoryName(repository.source, this.settings.merge_queue.pr_repository), gh);
    return new RigPullRequests(repository, forge, () => this.settings.merge_queue.pr_merge);
  }

  get name(): string {
    return this.config.name;
  }
  get prefix(): string {
    return this.config.beads.prefix;
  }
  /** Read again each time, because users edit the file. */
  get settings(): RigSettings {
    return rigSettingsFile(this.layout).read();
  }
  get gates(): GateInfo[] {
    return gatesOf(this.settings);
  }
  get review(): ReviewSetting {
    return reviewSettingOf(this.settings);
  }
  get maxReviewRounds(): number {
    return this.settings.max_review_rounds;
  }

  get avoidOverlap(): boolean {
    return this.settings.avoid_overlap;
  }

  get pacing(): Pacing {
    return this.pacingRecord.read();
  }
  recordSpawn(at: number): void {
    this.pacingRecord.recordSpawn(at);
  }
  recordShortLife(at: number): void {
    this.pacingRecord.recordShortLife(at);
  }

  get mergeQueue(): {
    mode: MergeMode;
    strategy: MergeStrategy;
    flakyRetries: number;
    checksBeforeReview: boolean;
    preVerified: boolean;
    gateRuns: number;
  } {
    const { settings } = this;
    const {
      mode,
      flaky_retries: flakyRetries,
      checks_before_review: checksBeforeReview,
      pre_verified: preVerified,
    } = settings.merge_queue;
    return {
      mode,
      strategy: mergeStrategyOf(this.town, settings),
      flakyRetries,
      checksBeforeReview,
      preVerified,
      gateRuns: gateRunsOf(settings),
    };
  }
  mergeWindow(target?: string): MergeWindow {
    return target === undefined ? this.windowRecord.read() : (this.featureWindows.get(target) ?? FIRST_WINDOW);
  }
  recordMergeWindow(window: MergeWindow, target?: string): void {
    if (target === undefined) this.windowRecord.write(window);
    else this.featureWindows.set(target, window);
  }

  prepareWorktree(name: string, request: WorktreeRequest): Promise<{ base: string }> {
    return this.polecatWorktrees.prepare(name, request);
  }

  assignment(name: string): Assignment | undefined {
    return this.polecatWorktrees.assignment(name);
  }

  frozenScript(name: string, branch: string): FrozenBlocks | undefined {
    return this.polecatWorktrees.frozenScript(name, branch);
  }

  worktrees(): { name: string; bead?: string }[] {
    return this.polecatWorktrees.list();
  }

  async branchTip(branch: string): Promise<string | undefined> {
    return this.repository.resolve(`refs/heads/${branch}`);
  }

  hasUnsubmittedWork(name: string): Promise<boolean> {
    return this.polecatWorktrees.hasUnsubmittedWork(name);
  }

  progress(name: string): Promise<string> {
    return this.polecatWorktrees.progress(name);
  }

  step(name: string): StepInfo | undefined {
    return this.polecatWorktrees.step(name);
  }

  submittable(name: string, work: SubmittedWork): Promise<{ commit: string }> {
    return this.polecatWorktrees.submittable(name, work);
  }

  landingBase(target?: string): Promise<LandingBase> {
    return this.landing.base(target);
  }

  rebase(commit: string, base: string, work: RebasedWork): Promise<MadeCommits> {
    return this.landing.rebase(commit, base, work);
  }

  mergeBranch(
    commit: string,
    base: string,
    message: { title: string; trailers: readonly string[] },
  ): Promise<MadeCommits> {
    return this.landing.mergeBranch(commit, base, message);
  }

  featureTip(branch: string): Promise<string | undefined> {
    return this.landing.featureTip(branch);
  }

  commitsAhead(branch: string): Promise<number | undefined> {
    return this.landing.commitsAhead(branch);
  }

  dropFeature(branch: string, ended: EndedFeature): Promise<DroppedFeature> {
    return this.landing.dropFeature(branch, ended);
  }

  /**
   * Settings are read once, so that the accepted commands, the executed ones, and the key of the result are the same.
   */
  async runGates(commit: string, run: GateRun, onGate: GateListener): Promise<GateResult> {
    return this.gateRunner.run(commit, run, this.settings, onGate);
  }

  flakyGates(): FlakyGateInfo[] {
    return this.gateRunner.flakyGates();
  }

  /** Discards the results of failed gates, for a manual retry. */
  forgetFailedGates(): void {
    this.gateRunner.forgetFailed();
  }

  /** Checked right before commands run: they may have changed since the reconciler read them. */
  private requireAccepted(settings: RigSettings = this.settings): void {
    if (!this.areAccepted(commandsOf(settings)))
      throw new UserError(`the commands of ${this.name} have changed and wait for a person`, undefined, 'consent');
  }

  patchId(base: string, commit: string): Promise<string> {
    return patchId(this.repository, base, commit);
  }

  /** A change for reading, truncated to a readable size. */
  diff(base: string, commit: string): Promise<string> {
    return readableDiff(this.repository, base, commit, MAX_READABLE_BYTES);
  }

  keepForReview(mergeRequest: string, commit: string, open: readonly string[]): Promise<void> {
    return this.reviews.keep(mergeRequest, commit, open);
  }

  prepareReview(reviewer: string, commit: string): Promise<void> {
    return this.reviews.prepare(reviewer, commit);
  }

  runReview(change: ReviewedChange): Promise<{ code: number | null; output: string }> {
    return this.reviews.run(change);
  }

  land(commit: string, base: LandingBase): Promise<boolean> {
    return this.landing.land(commit, base);
  }

  hasLanded(commit: string, target?: string): Promise<boolean> {
    return this.landing.hasLanded(commit, target);
  }

  snapshots(): Promise<SnapshotInfo[]> {
    return listSnapshots(this.repository);
  }

  restoreSnapshot(
    name: string,
    commit: string,
    work: Omit<WorktreeRequest, 'base'>,
  ): Promise<{ base: string; authors: string[] }> {
    return this.polecatWorktrees.restore(name, commit, work);
  }

  retireWorktree(name: string, bead: string): Promise<string | undefined> {
    return this.polecatWorktrees.retire(name, bead);
  }

  /** Text of a file at the tip of the repository, or undefined. */
  async readFile(file: string): Promise<string | undefined> {
    const tip = await this.repository.tip();
    return tip && fileAt(this.repository, tip, file);
  }

  private get checkoutOptions(): CheckoutOptions {
    const { submodules, worktree_files: copied, worktree_links: linked } = this.settings;
    const { source } = this.repository;
    const from = [path.join(this.layout.root, 'files'), ...(source.isFolder ? [source.location] : [])];
    return { submodules, extraFiles: { copied, linked, from } };
  }
}
