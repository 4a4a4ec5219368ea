import { request, type WithDefaults } from './request';
import type { MergeStrategy, NeededReviews } from './rig';
import { GATES_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

/** The merge queue and its reviews. */

export type ReviewState = 'none' | 'to-do' | 'waiting' | 'approved';

export interface ReviewNote {
  by: string;
  verdict: 'approved' | 'rejected';
  message: string;
  /** The author's note about the change. */
  note?: string;
  at: string;
  /** One of several verdicts on the same version, which did not decide alone. */
  part?: true;
}

/** A reviewer of a change. `no-answer`: it was asked and did not answer; a person decides instead. */
export interface ReviewerInfo {
  /** A runtime, `agent`, `script` or `person`. */
  name: string;
  state: 'to-do' | 'reviewing' | 'approved' | 'rejected' | 'no-answer';
  /** Who has answered: an agent, a person or the review command. */
  by?: string;
  message?: string;
  at?: string;
  /** The reviewer is asked again at this ISO time, because it gave no answer. */
  waitsUntil?: string;
}

/** `queued` waits in the queue, `merging` is being tested or merged, `failed` was given up; the others have ended. */
export const mergeRequestStates = [
  'merging',
  'queued',
  'reviewing',
  'failed',
  'merged',
  'no-change',
  'rejected',
  'withdrawn',
] as const;
export type MergeRequestState = (typeof mergeRequestStates)[number];

/** How one gate ended. */
export interface CheckInfo {
  gate: string;
  passed: boolean;
  /** ISO time at which the gate ended. */
  at: string;
  /** How long it took; missing if the result is cached from an earlier run on the same files. */
  seconds?: number;
}

/** Who validated the landed change, and how. `null`: not checked. */
export interface ValidationRecord {
  validated_by: string;
  validation_type: 'merge' | 'direct-landing';
  timestamp: string;
  quality_signals: Record<string, boolean | null>;
}

export interface MergeRequestInfo {
  id: string;
  rig: string;
  /** The bead of the change. */
  bead: string;
  title: string;
  worker: string;
  branch: string;
  /** Branch that the change lands on. */
  target: string;
  /** The request lands a convoy's feature branch; `bead` is that convoy. */
  landing?: true;
  /** Tip of the branch when it was submitted. */
  commit: string;
  state: MergeRequestState;
  /**
   * What the merge waits for: the steps of its molecule, a retry at `waitsUntil`, its pull request, the repetition of a
   * failed gate, or the search for the culprit of its batch.
   */
  waitsFor?: 'steps' | 'retry' | 'pull-request' | 'gate' | 'search';
  /** ISO time. */
  waitsUntil?: string;
  /** Parts of the repository that it touches, if the rig defines parts and the change touches nothing else. */
  parts?: string[];
  review: ReviewState;
  /** Identifies the patch that is or was reviewed: a verdict on another patch is refused. */
  patch?: string;
  /** Who approved it, and with which message. */
  approvedBy?: string;
  /** Reviewers of this version; empty if the rig has no reviews. */
  reviewers: ReviewerInfo[];
  /** Whether all of them have to approve. */
  reviewsNeeded: NeededReviews;
  /** A person has to review: that is the rig's setting, or its reviewers do not answer. */
  needsPerson: boolean;
  priority: number;
  /** The pull request by which it is merged, or was. */
  pullRequest?: { number: number; url: string; open: boolean };
  /** Position that a person has set, else 0; smaller ones are merged sooner. */
  order: number;
  /** A person has moved it to the front of the queue. */
  first: boolean;
  /** Other open requests for the same target that change the same files, and how many; most overlaps first. */
  overlaps: { bead: string; files: number }[];
  /** Priority in the queue: higher is merged sooner, among requests of the same order. */
  score: number;
  retries: number;
  createdAt: string;
  /** Creation time of the oldest open convoy with the bead. */
  convoyCreatedAt?: string;
  closedAt?: string;
  /** Why it ended, or was given up. */
  reason?: string;
  /** The commit on the landing branch. */
  landed?: string;
  /** Results of the last gate runs for the request. */
  checks: CheckInfo[];
  /** It was landed without the merge queue and a review: by whom, and what was skipped. */
  direct?: { by: string; at: string; force?: boolean; skipTests?: boolean };
  /** How the landed change was validated. */
  validation?: ValidationRecord;
  /** The author's note about the change. */
  note?: string;
  /** All reviews of the bead's changes so far, oldest first. */
  reviews: ReviewNote[];
}

export interface MqListFilter {
  rig?: string;
  /** Also list the latest ended requests. */
  all?: boolean;
  status?: MergeRequestState;
  /** Only requests that could be merged at this moment. */
  ready?: boolean;
  /** Only requests that wait for anything but their position in the queue. */
  blocked?: boolean;
  /** Address or name of an agent. */
  worker?: string;
}

export namespace MqList {
  /** Requests in the order in which they will be merged, then those in review, then ended ones. */
  export const spec = request<MqListFilter, MergeRequestInfo[]>('gastown/mq/list', 'read');
}

export namespace MqGet {
  /** One merge request, open or ended. `id` is its own id, that of its bead, or its branch. */
  export const spec = request<{ id: string }, MergeRequestInfo>('gastown/mq/get', 'read');
}

export interface ReviewResult {
  mergeRequest: string;
  bead: string;
}

export interface VerdictResult extends ReviewResult {
  /** Reviewers whose verdicts are still missing; not set once it is decided. */
  waitsFor?: string[];
}

export namespace MqApprove {
  export interface Params {
    id: string;
    message?: string;
    /** The patch that was reviewed; refused if it is another one now. */
    patch?: string;
    /** Merge the change before all others. */
    first?: boolean;
    /** For a person: the verdict also stands for the reviewers that have not answered. */
    forAll?: boolean;
  }
  export const spec = request<Params, VerdictResult, WithDefaults<Params, 'message'>>('gastown/mq/approve', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace MqReject {
  export interface Params {
    id: string;
    /** What has to change. Optional for a person, but never empty. */
    message?: string;
    /** The patch that was reviewed; refused if it is another one now. */
    patch?: string;
  }
  export const spec = request<Params, VerdictResult>('gastown/mq/reject', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace MqRetry {
  /**
   * Retries a merge that is waiting or has failed, at once, or one whose checks sent it back until its bead failed.
   * Checks that have failed run again.
   */
  export const spec = request<{ id: string }, ReviewResult>('gastown/mq/retry', 'person');
}

export namespace MqReorder {
  export interface Params {
    id: string;
    place: 'first' | 'last' | 'before';
    /** The request, bead or branch for `before`. */
    before?: string;
  }
  /** Moves an open request to another place in its queue, where it stays. */
  export const spec = request<Params, ReviewResult>('gastown/mq/reorder', 'person');
}

export namespace MqSubmit {
  export interface Params {
    /**
     * The bead, the branch or the agent; for an agent its own bead. For a crew member: a branch of its clone, by default the one
     * that is checked out, and a new bead unless the branch names one.
     */
    bead?: string;
    branch?: string;
    agent?: string;
    /** Priority of the merge request; by default that of the bead. */
    priority?: number;
    /** A note for the reviewer. */
    message?: string;
  }
  export interface Result extends ReviewResult {
    /** The clone of the crew member has uncommitted changes, which were not submitted. */
    isDirty?: boolean;
  }
  /** Submits the work of a polecat, checked as for `gt done`, or of the crew. A polecat's session ends with it. */
  export const spec = request<Params, Result>('gastown/mq/submit', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export interface GateLog {
  gate: string;
  /** Path of the log file. */
  path: string;
  /** ISO time of its last line. */
  at: string;
  /** The last part of the log, at most 1 MB. */
  text: string;
}

export namespace MqLog {
  export interface Result extends Pick<MergeRequestInfo, 'checks' | 'reviewers' | 'reviewsNeeded' | 'reviews'> {
    mergeRequest: string;
    bead: string;
    logs: GateLog[];
  }
  /** The output of the last gate runs for a merge request, open or not, and its reviews. */
  export const spec = request<{ id: string; gate?: string }, Result>('gastown/mq/log', 'read');
}

export namespace MqDiff {
  /** The change as text, at most 250 kB. */
  export const spec = request<{ id: string }, { text: string }>('gastown/mq/diff', 'read', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

/** The outcome of one request. */
export interface ProcessedRequest {
  mergeRequest: string;
  bead: string;
  title: string;
  state: MergeRequestState;
  landed?: string;
  /** Why the request was not merged. */
  reason?: string;
}

export namespace MqProcess {
  /** Runs the merge queue of a rig now, also while the engine is paused, and waits until it is done. */
  export const spec = request<{ rig: string }, ProcessedRequest[]>('gastown/mq/process', 'person', {
    timeLimitMs: GATES_LIMIT_MS,
  });
}

/** The safety checks of a direct landing, in their order. */
export const landingChecks = ['session', 'worktree', 'conflicts', 'tests'] as const;
export type LandingCheckName = (typeof landingChecks)[number];

export interface LandingCheck {
  name: LandingCheckName;
  /** `skipped`: on request; `not-run`: a dry run runs no gates, or an earlier check has failed. */
  outcome: 'passed' | 'failed' | 'skipped' | 'not-run';
  /** What was found, or what would run. */
  detail?: string;
}

export interface DirectLandingResult {
  agent: string;
  bead: string;
  title: string;
  branch: string;
  checks: LandingCheck[];
  /** The files that would land, or have landed. */
  files: ChangedFile[];
  /** The commit on the landing branch; missing for a dry run. */
  landed?: string;
  /** The snapshot of the worktree's content. */
  snapshot?: string;
  /** The branch still exists, because the worktree could not be removed yet. */
  keptBranch?: boolean;
}

export namespace DirectLand {
  export interface Params {
    /** Address of the polecat, such as `toy/rust`. */
    agent: string;
    /** Land even if its session is running (the session is ended) or its worktree has uncommitted changes. */
    force?: boolean;
    skipTests?: boolean;
    dryRun?: boolean;
  }
  /** Lands the work of a polecat at once, without the queue and a review. For people only; see `LandingSettings`. */
  export const spec = request<Params, DirectLandingResult>('gastown/mq/land', 'write', { timeLimitMs: GATES_LIMIT_MS });
}

export namespace LandingSettings {
  export interface Settings {
    /** The Mayor may land work directly. */
    mayorMayLand: boolean;
    /** The merge strategy of rigs that do not set their own. */
    mergeStrategy: MergeStrategy;
    /** New convoys collect their beads on a feature branch, unless they or their rig say otherwise. */
    featureBranch: boolean;
  }
  /** How work lands in a town: all of its settings, after setting those that are given. */
  export const spec = request<Partial<Settings>, Settings>('gastown/config/landing', 'write');
}

export interface ChangedFile {
  path: string;
  status: 'added' | 'modified' | 'deleted';
  /** Lines; undefined for a binary file. */
  added?: number;
  removed?: number;
}

export interface ChangeInfo {
  /** Commits of the rig's repository. */
  base: string;
  commit: string;
  files: ChangedFile[];
}
export namespace MqChange {
  /** The files of the change that would be merged. */
  export const spec = request<{ id: string }, ChangeInfo>('gastown/mq/change', 'read', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace MqFile {
  export interface Params {
    id: string;
    path: string;
    side: 'base' | 'change';
    /** Read the file at this commit of `MqChange`, regardless of what happened to the merge request since. */
    at?: { rig: string; commit: string };
  }
  /** One side of a changed file, at most 1 MB of it; undefined if it does not exist or is binary. */
  export const spec = request<Params, { text?: string }>('gastown/mq/file', 'read');
}

export const mergeQueueRequests = [
  MqList.spec,
  MqGet.spec,
  MqApprove.spec,
  MqReject.spec,
  MqRetry.spec,
  MqReorder.spec,
  MqSubmit.spec,
  MqProcess.spec,
  MqLog.spec,
  MqDiff.spec,
  DirectLand.spec,
  LandingSettings.spec,
  MqChange.spec,
  MqFile.spec,
] as const;
