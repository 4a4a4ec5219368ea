import path from 'node:path';
import { Mutex } from 'async-mutex';
import { UserError } from '../base/errors';
import { readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';
import { listFolder } from '../base/safeFolders';
import { fileAt } from '../git/change';
import { git, GitError, type GitIdentity } from '../git/git';
import { missingSubmodules } from '../git/gitlinks';
import { branchCommits, featureBase, featureTip, landingBase, type LandingBase } from '../git/landingBase';
import { uploadLargeFiles } from '../git/largeFiles';
import { mergeBranch } from '../git/mergeBranch';
import { rebaseOnto, type CommitShape, type RebaseResult } from '../git/rebase';
import type { RigRepository } from '../git/repository';
import { isSafeSegment, safePart } from '../git/names';
import { diffOf, patchId, readableDiff } from '../git/patchId';
import { keepForReview } from '../git/reviewRefs';
import { committedPart, listSnapshots } from '../git/snapshots';
import { checkoutDetached, ensureWorktree, inspectWorktree, type CheckoutOptions } from '../git/worktree';
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
  reviewSettingOf,
  mergeStrategyOf,
  rigSettingsFile,
  signingOf,
  type RigConfig,
  type RigSettings,
} from '../town/config';
import { parseAddress, refineryAddress, type RigLayout, type TownLayout } from '../town/layout';
import { identityOf } from '../agents/gitIdentity';
import type { FrozenBlocks, GateResult, RebasedWork, ReviewedChange, WorktreeRequest } from './types';
import { frozenScript, progressFile, readAssignment, scriptStep, type Assignment } from './assignment';
import { ghProgram } from './forge/ghProgram';
import { GitHub } from './forge/github';
import { RigPullRequests } from './forge/pullRequests';
import { repositoryName } from './forge/repositoryName';
import { GateRunner } from './gateRunner';
import { endRecordedGate } from './gates';
import { dropFeature, type DroppedFeature, type EndedFeature } from './featureBranches';
import { FIRST_WINDOW, MergeWindowRecord, type MergeWindow } from './mergeWindow';
import { PacingRecord, type Pacing } from './pacing';
import { retireWorktree } from './retireWorktree';
import { BranchFiles } from './branchFiles';
import { runReviewScript } from './reviewScript';
import type { GateListener, GateRun } from './runGates';
import { checkSubmission, type SubmittedWork } from './submission';

/** The reviewer for the rig's own command; also the name of its checkout. */
const SCRIPT_REVIEWER = 'script';

/** Above the limit of a reviewer's prompt in any script, so that a truncated diff is noticed. */
const MAX_READABLE_BYTES = 250_000;

/** The shape of commits. Local landings and pull requests have one commit for each bead, too. */
function shapeOf(strategy: MergeStrategy): CommitShape {
  return strategy === 'rebase' || strategy === 'merge' ? strategy : 'squash';
}

/** The worktree of the refinery in which earlier resolutions of conflicts are reused. */
const REBASE_LANE = 'rebase';

/** A rig on disk: its repository, worktrees and gates. */
export class Rig {
  readonly layout: RigLayout;
  private readonly pacingRecord: PacingRecord;
  private readonly windowRecord: MergeWindowRecord;
  /** Batch sizes of feature branches, which are short-lived: not stored over restarts. */
  private readonly featureWindows = new Map<string, MergeWindow>();
  private readonly gateRunner: GateRunner;
  private readonly rebases = new Mutex();
  readonly pullRequests: RigPullRequests;

  /** Files that the changes of this rig touch. */
  readonly files: BranchFiles;

  constructor(
    private readonly town: TownLayout,
    readonly config: RigConfig,
    readonly repository: RigRepository,
    private readonly gateEnvironment: () => Promise<NodeJS.ProcessEnv>,
    private readonly emailDomain: () => string,
    /** Checked again right before commands run: they may have changed since the reconciler read them. */
    private readonly areAccepted: (gates: readonly GateInfo[]) => boolean,
  ) {
    this.layout = town.rig(config.name);
    this.pacingRecord = new PacingRecord(town.pacing(config.name));
    this.windowRecord = new MergeWindowRecord(town.mergeWindow(config.name));
    this.gateRunner = new GateRunner({
      town,
      layout: this.layout,
      rig: config.name,
      repository,
      environment: gateEnvironment,
      checkout: () => this.checkoutOptions,
      settings: () => this.settings,
      requireAccepted: (settings) => this.requireAccepted(settings),
    });
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

  private get refineryIdentity(): GitIdentity {
    return identityOf(refineryAddress(this.name), this.emailDomain());
  }

  async prepareWorktree(name: string, request: WorktreeRequest): Promise<{ base: string }> {
    const directory = this.layout.polecatWorktree(name);
    const known = this.assignment(name);
    const base =
      request.base ?? (known?.branch === request.branch ? known.base : (await this.landingBase(request.target)).commit);
    await ensureWorktree(this.repository, directory, request.branch, base, this.checkoutOptions);
    const isFrozen = request.replaceScript !== true && known?.branch === request.branch && known.script !== undefined;
    const { script, scriptSteps } = isFrozen ? known : request;
    const assignment: Assignment = {
      bead: request.bead,
      title: request.title,
      branch: request.branch,
      base,
      attempt: request.attempt,
      script,
      scriptSteps,
    };
    writeJsonAtomic(this.layout.assignment(name), assignment);
    return { base };
  }

  assignment(name: string): Assignment | undefined {
    return readAssignment(this.layout, name);
  }

  frozenScript(name: string, branch: string): FrozenBlocks | undefined {
    return frozenScript(this.assignment(name), branch);
  }

  worktrees(): { name: string; bead?: string }[] {
    return listFolder(this.layout.polecats)
      .filter((entry) => entry.isDirectory() && isSafeSegment(entry.name))
      .map(({ name }) => ({ name, bead: this.assignment(name)?.bead }));
  }

  async branchTip(branch: string): Promise<string | undefined> {
    return this.repository.resolve(`refs/heads/${branch}`);
  }

  async hasUnsubmittedWork(name: string): Promise<boolean> {
    const state = await inspectWorktree(this.layout.polecatWorktree(name)).catch((error: unknown) => {
      if (error instanceof GitError) return 'unreadable' as const;
      throw error;
    });
    if (state === 'unreadable') return true; // it may contain unsubmitted work
    if (!state?.head) return false;
    const base = this.assignment(name)?.base;
    return (
      state.dirty ||
      (await branchCommits(this.repository, [...(base ? [base] : []), ...(await this.repository.tips())], state.head))
        .length > 0
    );
  }

  async progress(name: string): Promise<string> {
    // Only a fingerprint, so errors are ignored.
    const state = await inspectWorktree(this.layout.polecatWorktree(name)).catch(() => undefined);
    const steps = readTextIfPresent(progressFile(this.layout, name)) ?? '';
    return `${state?.head ?? ''} ${steps.replace(/\s+/g, '')}`;
  }

  step(name: string): StepInfo | undefined {
    return scriptStep(this.layout, name);
  }

  submittable(name: string, work: SubmittedWork): Promise<{ commit: string }> {
    return checkSubmission(this.repository, this.layout.polecatWorktree(name), work);
  }

  async landingBase(target?: string): Promise<LandingBase> {
    return target === undefined
      ? landingBase(this.repository, this.refineryIdentity)
      : featureBase(this.repository, target, this.refineryIdentity);
  }

  async rebase(
    commit: string,
    base: string,
    work: RebasedWork,
  ): Promise<RebaseResult | { kind: 'incomplete'; problems: string[] }> {
    const { target } = work;
    // Gates run in the other worktrees of the refinery meanwhile.
    const rebased = await this.rebases.runExclusive(async () =>
      rebaseOnto(
        this.repository,
        this.layout.featureRefinery(REBASE_LANE),
        {
          tip: commit,
          bases: work.bases,
          shape: shapeOf(mergeStrategyOf(this.town, this.settings)),
          target,
          title: work.title,
          trailers: [`Bead: ${work.bead}`],
          // A crew member's commits keep the person who committed them as their author.
          author: parseAddress(work.worker)?.role === 'crew' ? undefined : identityOf(work.worker, this.emailDomain()),
          signing: signingOf(this.settings),
        },
        base,
        this.refineryIdentity,
      ),
    );
    return this.complete(rebased, base);
  }

  async mergeBranch(
    commit: string,
    base: string,
    { title, trailers }: { title: string; trailers: readonly string[] },
  ): Promise<RebaseResult | { kind: 'incomplete'; problems: string[] }> {
    const work = { tip: commit, title, trailers, signing: signingOf(this.settings) };
    return this.complete(await mergeBranch(this.repository, work, base, this.refineryIdentity), base);
  }

  /** Checks that a fresh clone would be complete. */
  private async complete(
    made: RebaseResult,
    base: string,
  ): Promise<RebaseResult | { kind: 'incomplete'; problems: string[] }> {
    if (made.kind !== 'clean') return made;
    const problems = await missingSubmodules(this.repository, base, made.commit);
    return problems.length > 0 ? { kind: 'incomplete', problems } : made;
  }

  async featureTip(branch: string): Promise<string | undefined> {
    await this.repository.fetchMoved(branch);
    return featureTip(this.repository, branch);
  }

  /** Commits of a feature branch that the rig's own target does not have, as of the last fetch. */
  async commitsAhead(branch: string): Promise<number | undefined> {
    const [tip, target] = [await featureTip(this.repository, branch), await this.repository.tip()];
    return tip && target ? (await this.repository.graph.divergence(target, tip)).right : undefined;
  }

  dropFeature(branch: string, ended: EndedFeature): Promise<DroppedFeature> {
    return dropFeature(this.repository, this.layout, branch, ended);
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
    return keepForReview(this.repository, mergeRequest, commit, open);
  }

  async prepareReview(reviewer: string, commit: string): Promise<void> {
    await checkoutDetached(this.repository, this.layout.reviewWorktree(reviewer), commit, this.checkoutOptions);
  }

  async runReview(change: ReviewedChange): Promise<{ code: number | null; output: string }> {
    await endRecordedGate(this.reviewGroupFile);
    await this.prepareReview(SCRIPT_REVIEWER, change.commit);
    this.requireAccepted();
    const command = commandsOf(this.settings).find((candidate) => candidate.name === 'review');
    if (!command)
      throw new UserError(`${this.name} has no review command`, 'set review_command in its settings/config.json');
    const place = {
      worktree: this.layout.reviewWorktree(SCRIPT_REVIEWER),
      directory: this.layout.reviewer(SCRIPT_REVIEWER),
      groupFile: this.reviewGroupFile,
      logFile: this.town.gateLog(this.name, safePart(change.mergeRequest), command.name),
    };
    return runReviewScript(
      command,
      { ...change, depth: this.settings.review_depth },
      await diffOf(this.repository, change.base, change.commit),
      place,
      await this.gateEnvironment(),
    );
  }

  async land(commit: string, base: LandingBase): Promise<boolean> {
    // Also for local landings before the rig's landings were pushed.
    if (!this.repository.landsHere) await uploadLargeFiles(this.repository, base.expected ?? base.commit, commit);
    return this.repository.push(commit, base.expected, base.branch);
  }

  async hasLanded(commit: string, target = this.repository.landing): Promise<boolean> {
    await this.repository.fetch();
    return this.repository.holds(commit, target);
  }

  snapshots(): Promise<SnapshotInfo[]> {
    return listSnapshots(this.repository);
  }

  async restoreSnapshot(
    name: string,
    commit: string,
    work: Omit<WorktreeRequest, 'base'>,
  ): Promise<{ base: string; authors: string[] }> {
    const head = await committedPart(this.repository, commit);
    const base = (await this.repository.mergeBase(head)) ?? head;
    await git(this.repository.directory, ['update-ref', `refs/heads/${work.branch}`, head]);
    await this.prepareWorktree(name, { ...work, base });
    await git(this.layout.polecatWorktree(name), ['restore', `--source=${commit}`, '--worktree', '--', '.']);
    const commits = await branchCommits(this.repository, [base], head);
    return { base, authors: [...new Set(commits.map((entry) => entry.author))] };
  }

  retireWorktree(name: string, bead: string): Promise<string | undefined> {
    return retireWorktree(this.repository, this.layout, { name, bead, identity: this.refineryIdentity });
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

  private get reviewGroupFile(): string {
    return path.join(this.town.runtime, 'gates', `${this.name}.review.group.json`);
  }
}
