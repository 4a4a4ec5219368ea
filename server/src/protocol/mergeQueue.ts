import { request, type WithDefaults } from './request';
import type { MergeStrategy, NeededReviews } from './rig';
import { GATES_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

/** The merge queue and its reviews. */

export type ReviewState = 'none' | 'to-do' | 'waiting' | 'approved';

export interface ReviewNote {
  by: string;
  verdict: 'approved' | 'rejected';
  message: string;
  /** What the author had said about the change. */
  note?: string;
  at: string;
  /** One of several answers to the same version, which decided nothing by itself. */
  part?: true;
}

/** A reviewer of a change. `no-answer`: it was asked and did not answer; a person decides instead. */
export interface ReviewerInfo {
  /** A runtime, `agent`, `script` or `person`. */
  name: string;
  state: 'to-do' | 'reviewing' | 'approved' | 'rejected' | 'no-answer';
  /** Who has answered, and what. */
  by?: string;
  message?: string;
  at?: string;
  /** It is asked again at this ISO time, as it gave no answer. */
  waitsUntil?: string;
}

/** `queued` waits for its turn, `merging` has it, `failed` was given up; the others have ended. */
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
  /** ISO time at which it ended. */
  at: string;
  /** How long it took; missing where the result was known, as it had run for the same files before. */
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
  /** The bead whose work it is. */
  bead: string;
  title: string;
  worker: string;
  branch: string;
  /** Branch that it lands on. */
  target: string;
  /** It is the feature branch of a convoy, `bead`, that lands. */
  landing?: true;
  /** Tip of the branch when it was submitted. */
  commit: string;
  state: MergeRequestState;
  /**
   * It is not merged before its steps are done, by its pull request, or before `waitsUntil`, as something was in the
   * way.
   */
  waitsFor?: 'steps' | 'retry' | 'pull-request' | 'gate' | 'search';
  /** ISO time. */
  waitsUntil?: string;
  /** Parts of the repository that it touches, where the rig has such and the change touches nothing else. */
  parts?: string[];
  review: ReviewState;
  /** Identifies the patch that is or was reviewed: a verdict that names it is refused once it is another. */
  patch?: string;
  /** Who approved it, and what was said. */
  approvedBy?: string;
  /** Who looks, or has looked, at this version of it; nobody where the rig has no reviews. */
  reviewers: ReviewerInfo[];
  /** Whether all of them have to approve. */
  reviewsNeeded: NeededReviews;
  /** A person has to look: that is how the rig is set up, or its reviewers do not answer. */
  needsPerson: boolean;
  priority: number;
  /** The pull request by which it is merged, or was. */
  pullRequest?: { number: number; url: string; open: boolean };
  /** Its place where a person has set it, else 0; smaller ones are merged sooner. */
  order: number;
  /** A person wants it merged before others. */
  first: boolean;
  /** Other open requests for the same target that change the same files, and how many; the most first. */
  overlaps: { bead: string; files: number }[];
  /** Higher is merged sooner, among those of one order. */
  score: number;
  retries: number;
  createdAt: string;
  /** Of the oldest open convoy with its bead. */
  convoyCreatedAt?: string;
  closedAt?: string;
  /** Why it ended, or was given up. */
  reason?: string;
  /** The commit on the landing branch. */
  landed?: string;
  /** How the gates ended when they last ran for it. */
  checks: CheckInfo[];
  /** It was landed without waiting for its turn and its review: by whom, and what was skipped. */
  direct?: { by: string; at: string; force?: boolean; skipTests?: boolean };
  /** Of what has landed. */
  validation?: ValidationRecord;
  /** What its author says about it. */
  note?: string;
  /** All that was said about the bead's changes so far, oldest first. */
  reviews: ReviewNote[];
}

export interface MqListFilter {
  rig?: string;
  /** Also the latest of those that have ended. */
  all?: boolean;
  status?: MergeRequestState;
  /** Only those that could be merged at this moment. */
  ready?: boolean;
  /** Only those that wait for something else than their turn. */
  blocked?: boolean;
  /** Address or name of an agent. */
  worker?: string;
}

export namespace MqList {
  /** In the order in which they will be merged; those in review come after them, those that have ended last. */
  export const spec = request<MqListFilter, MergeRequestInfo[]>('gastown/mq/list', 'read');
}

export namespace MqGet {
  /** `id`: of the merge request or its bead, or the branch; also of those that have ended. */
  export const spec = request<{ id: string }, MergeRequestInfo>('gastown/mq/get', 'read');
}

export interface ReviewResult {
  mergeRequest: string;
  bead: string;
}

export interface VerdictResult extends ReviewResult {
  /** Reviewers that have to answer, too, before it is decided; missing where it is. */
  waitsFor?: string[];
}

export namespace MqApprove {
  export interface Params {
    id: string;
    message?: string;
    /** The patch that was reviewed; refused if it is another one now. */
    patch?: string;
    /** Merge it before all others. */
    first?: boolean;
    /** Of a person: also in place of the reviewers that have not answered. */
    forAll?: boolean;
  }
  export const spec = request<Params, VerdictResult, WithDefaults<Params, 'message'>>('gastown/mq/approve', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace MqReject {
  export interface Params {
    id: string;
    /** What has to change. A person may leave it out; what is empty is refused. */
    message?: string;
    /** The patch that was reviewed; refused if it is another one now. */
    patch?: string;
  }
  export const spec = request<Params, VerdictResult>('gastown/mq/reject', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace MqRetry {
  /**
   * Retries a merge that has failed or waits, at once, or one whose checks sent it back until its bead failed. Checks
   * that have failed run again.
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
  /** Gives an open request another place in the queue of its rig, for good. */
  export const spec = request<Params, ReviewResult>('gastown/mq/reorder', 'person');
}

export namespace MqSubmit {
  export interface Params {
    /** The bead, the branch or the polecat whose work it is; for an agent its own. */
    bead?: string;
    branch?: string;
    agent?: string;
    /** For the merge request; that of the bead where it is missing. */
    priority?: number;
    /** A note for the reviewer. */
    message?: string;
  }
  /** Submits the work of a polecat, checked as for `gt done`. An agent's session ends with it. */
  export const spec = request<Params, ReviewResult>('gastown/mq/submit', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export interface GateLog {
  gate: string;
  /** The file. */
  path: string;
  /** ISO time of its last line. */
  at: string;
  /** Its last part, at most 1 MB. */
  text: string;
}

export namespace MqLog {
  export interface Result extends Pick<MergeRequestInfo, 'checks' | 'reviewers' | 'reviewsNeeded' | 'reviews'> {
    mergeRequest: string;
    bead: string;
    logs: GateLog[];
  }
  /** What the gates printed when they last ran for a merge request, open or not, and what its reviewers have said. */
  export const spec = request<{ id: string; gate?: string }, Result>('gastown/mq/log', 'read');
}

export namespace MqDiff {
  /** The change as a text, its first 250 kB. */
  export const spec = request<{ id: string }, { text: string }>('gastown/mq/diff', 'read', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

/** What has become of one request. */
export interface ProcessedRequest {
  mergeRequest: string;
  bead: string;
  title: string;
  state: MergeRequestState;
  landed?: string;
  /** Why it was not merged. */
  reason?: string;
}

export namespace MqProcess {
  /** Runs the merge queue of a rig now, whether the engine is up or not, and waits for its end. */
  export const spec = request<{ rig: string }, ProcessedRequest[]>('gastown/mq/process', 'person', {
    timeLimitMs: GATES_LIMIT_MS,
  });
}

/** The safety checks of a direct landing, in their order. */
export const landingChecks = ['session', 'worktree', 'conflicts', 'tests'] as const;
export type LandingCheckName = (typeof landingChecks)[number];

export interface LandingCheck {
  name: LandingCheckName;
  /** `skipped`: as asked for; `not-run`: a dry run runs no gates, or an earlier check has failed. */
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
  /** What would land, or has landed. */
  files: ChangedFile[];
  /** The commit on the landing branch; missing for a dry run. */
  landed?: string;
  /** Holds what was in the worktree. */
  snapshot?: string;
  /** The branch is still there, as the worktree could not be removed yet. */
  keptBranch?: boolean;
}

export namespace DirectLand {
  export interface Params {
    /** Address of the polecat, such as `toy/rust`. */
    agent: string;
    /** Land although its session lives, which is ended, or its worktree has changes that nobody committed. */
    force?: boolean;
    skipTests?: boolean;
    dryRun?: boolean;
  }
  /**
   * Lands the work of a polecat at once, without its turn in the queue and its review. For a person; see
   * `LandingSettings`.
   */
  export const spec = request<Params, DirectLandingResult>('gastown/mq/land', 'write', { timeLimitMs: GATES_LIMIT_MS });
}

export namespace LandingSettings {
  export interface Settings {
    /** The Mayor may land work directly. */
    mayorMayLand: boolean;
    /** What becomes of approved work in rigs that do not say it themselves. */
    mergeStrategy: MergeStrategy;
    /** New convoys collect their beads on a feature branch, where neither they nor a rig says otherwise. */
    featureBranch: boolean;
  }
  /** How work lands in a town: all of its settings, of which those that are given are set first. */
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
    /** From this commit of `MqChange`, whatever has become of the merge request since. */
    at?: { rig: string; commit: string };
  }
  /** One side of a changed file, at most 1 MB of it; undefined where it does not exist or is binary. */
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
