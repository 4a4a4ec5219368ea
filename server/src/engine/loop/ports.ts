import type { GateInfo, MergeMode, MergeStrategy, ReviewSetting, SnapshotInfo } from '../../protocol/town';
import type { LandingBase } from '../../git/landingBase';
import type { RebaseResult } from '../../git/rebase';
import type { DroppedFeature, EndedFeature } from '../../rigs/featureBranches';
import type { RigPullRequests } from '../../rigs/forge/pullRequests';
import type { BranchFiles } from '../../rigs/branchFiles';
import type { MergeWindow } from '../../rigs/mergeWindow';
import type { Pacing } from '../../rigs/pacing';
import type { GateListener, GateRun } from '../../rigs/runGates';
import type { FrozenBlocks, GateResult, RebasedWork, ReviewedChange, WorktreeRequest } from '../../rigs/types';
import type { SessionRequest, SessionView } from '../../sessions/types';

/** Ports of the engine to the outside world. The simulation implements them with fakes. */
export interface Clock {
  now(): Date;
}

/** The git side of one rig. */
export interface RigPort {
  readonly name: string;
  readonly gates: readonly GateInfo[];
  /** Setting for reviewers of changes, read again each time. */
  readonly review: ReviewSetting;
  readonly maxReviewRounds: number;
  /** Whether a bead waits for unmerged work on the same files, read again each time. */
  readonly avoidOverlap: boolean;
  /** Files that the changes of the rig touch. */
  readonly files: FilesPort;
  /** Ensures that a polecat's worktree exists and is on this branch, created from `base` or from the target. */
  prepareWorktree(name: string, work: WorktreeRequest): Promise<{ base: string }>;
  /** Times of starts and early exits of agents, for spacing starts and detecting crash loops. */
  readonly pacing: Pacing;
  recordSpawn(at: number): void;
  recordShortLife(at: number): void;
  /** Settings of the merge queue, read again each time. */
  readonly mergeQueue: {
    mode: MergeMode;
    strategy: MergeStrategy;
    flakyRetries: number;
    checksBeforeReview: boolean;
    preVerified: boolean;
    /** Maximum number of parallel gate runs. */
    gateRuns: number;
  };
  /** @param target a feature branch; by default the rig's own target, here and below */
  mergeWindow(target?: string): MergeWindow;
  recordMergeWindow(window: MergeWindow, target?: string): void;
  worktrees(): { name: string; bead?: string }[];
  /** The script that was frozen for this branch, if any. */
  frozenScript(name: string, branch: string): FrozenBlocks | undefined;
  /** Tip of a branch in the rig's repository. */
  branchTip(branch: string): Promise<string | undefined>;
  /** Whether there are uncommitted files, or commits that are in no merge request. False without a worktree. */
  hasUnsubmittedWork(name: string): Promise<boolean>;
  /** Opaque fingerprint of the progress in a worktree: commits and files. */
  progress(name: string): Promise<string>;
  /**
   * Checks that a polecat's work can be submitted, or that there is none (`isUnchanged`). @throws UserError that tells
   * the agent what to do
   */
  submittable(
    name: string,
    work: {
      branch: string;
      bases: readonly string[];
      authors: readonly string[];
      isUnchanged?: boolean;
      isMerge?: boolean;
    },
  ): Promise<{ commit: string }>;
  landingBase(target?: string): Promise<LandingBase>;
  /**
   * The commits that would land on top of `base`, one or several by the rig's merge strategy. `incomplete`: a fresh
   * clone would lack objects.
   */
  rebase(
    commit: string,
    base: string,
    work: RebasedWork,
  ): Promise<RebaseResult | { kind: 'incomplete'; problems: string[] }>;
  /** The merge commit of a whole branch on top of `base`, with its history. `empty`: it is already contained. */
  mergeBranch(
    commit: string,
    base: string,
    message: { title: string; trailers: readonly string[] },
  ): Promise<RebaseResult | { kind: 'incomplete'; problems: string[] }>;
  /** Tip of a feature branch. */
  featureTip(branch: string): Promise<string | undefined>;
  /** Deletes the feature branch of a convoy that has ended. Safe to repeat. */
  dropFeature(branch: string, ended: EndedFeature): Promise<DroppedFeature>;
  /**
   * Runs the gates on exactly this commit and stops at the first failure. Known results for the same tree are reused.
   */
  runGates(commit: string, run: GateRun, onGate: GateListener): Promise<GateResult>;
  /** Patch-id: identifies a change independent of its base. */
  patchId(base: string, commit: string): Promise<string>;
  /** Keeps a ref on the commit under review while its merge request is open. */
  keepForReview(mergeRequest: string, commit: string, open: readonly string[]): Promise<void>;
  /** Checks out a commit in the worktree of a reviewer. */
  prepareReview(reviewer: string, commit: string): Promise<void>;
  /** Runs the rig's review command on a change. `code` is null if the command was killed. */
  runReview(change: ReviewedChange): Promise<{ code: number | null; output: string }>;
  /** Compare-and-set push of a commit on top of `base`; false if the target moved. */
  land(commit: string, base: LandingBase): Promise<boolean>;
  readonly pullRequests: PullRequestPort;
  /** Whether a commit is already on the target. */
  hasLanded(commit: string, target?: string): Promise<boolean>;
  /**
   * Takes a snapshot of the worktree, then removes it.
   * @returns label of the snapshot, if there was anything to keep
   */
  retireWorktree(name: string, bead: string): Promise<string | undefined>;
  /** Snapshots of removed worktrees. */
  snapshots(): Promise<SnapshotInfo[]>;
  /**
   * Restores a polecat's worktree from a snapshot, including uncommitted files. Returns the merge base with the target,
   * and the authors of the commits since then.
   */
  restoreSnapshot(
    name: string,
    commit: string,
    work: Omit<WorktreeRequest, 'base'>,
  ): Promise<{ base: string; authors: string[] }>;
}

/** Pull requests at the provider of a rig's source: see `RigPullRequests`. */
export type PullRequestPort = Pick<
  RigPullRequests,
  'open' | 'findMerged' | 'status' | 'merge' | 'close' | 'removeBranch' | 'merging'
>;

/** Files of branches: see `BranchFiles`. */
export type FilesPort = Pick<BranchFiles, 'of' | 'ofBranch' | 'read' | 'readBranches'>;

export interface SessionPort {
  /** All sessions with a record, live or ended. */
  all(): SessionView[];
  /** Starts a session unless the agent has a live one. @throws UserError if the runtime cannot be started */
  start(request: SessionRequest): Promise<void>;
  /** Ends a session and its process group: `stopped` by a person, or `ended` by the engine. */
  end(session: string, by: 'stopped' | 'ended'): Promise<void>;
  /** Ends the live session of an agent, if it has one. */
  endAgent(agent: string, by: 'stopped' | 'ended'): Promise<void>;
  forget(session: string): Promise<void>;
  /** Ends a session like a crash: its work continues in a new one. */
  kill(session: string): Promise<void>;
  /** Whether the agent of a session accepts typed text. */
  takesNudges(session: string): boolean;
  /** Types a line to the agent of a session. */
  nudge(session: string, text: string): Promise<void>;
  /** Last lines of a session's screen, for display. */
  tail(session: string): Promise<string>;
}

/** Notifications to people. */
export interface PersonPort {
  notify(message: { severity: 'info' | 'warning' | 'error'; text: string; convoy?: string; bead?: string }): void;
}
