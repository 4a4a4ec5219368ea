import { request, type WithDefaults } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/** The merge queue and its reviews. */

export type ReviewState = 'none' | 'to-do' | 'waiting' | 'approved';

export interface ReviewNote {
  by: string;
  verdict: 'approved' | 'rejected';
  message: string;
  /** What the author had said about the change. */
  note?: string;
  at: string;
}

export interface MergeRequestInfo {
  id: string;
  rig: string;
  /** The bead whose work it is. */
  bead: string;
  title: string;
  worker: string;
  branch: string;
  /** `queued` waits for its turn, `merging` has it, `failed` was given up. */
  state: 'reviewing' | 'queued' | 'merging' | 'failed';
  review: ReviewState;
  /** Identifies the patch that is or was reviewed: a verdict that names it is refused once it is another. */
  patch?: string;
  /** Who approved it, and what was said. */
  approvedBy?: string;
  /** A person has to look: that is how the rig is set up, or its reviewers do not answer. */
  needsPerson: boolean;
  priority: number;
  /** A person wants it merged before all others. */
  first: boolean;
  /** Higher is merged sooner. */
  score: number;
  retries: number;
  createdAt: string;
  /** What its author says about it. */
  note?: string;
  /** All that was said about the bead's changes so far, oldest first. */
  reviews: ReviewNote[];
}

export namespace MqList {
  /** In the order in which they will be merged; those in review come last. */
  export const spec = request<{ rig?: string }, MergeRequestInfo[]>('gastown/mq/list', 'read');
}

export namespace MqGet {
  /** `id`: of the merge request or its bead, or the branch. */
  export const spec = request<{ id: string }, MergeRequestInfo>('gastown/mq/get', 'read');
}

export interface ReviewResult {
  mergeRequest: string;
  bead: string;
}

export namespace MqApprove {
  export interface Params {
    id: string;
    message?: string;
    /** The patch that was reviewed; refused if it is another one now. */
    patch?: string;
    /** Merge it before all others. */
    first?: boolean;
  }
  export const spec = request<Params, ReviewResult, WithDefaults<Params, 'message'>>('gastown/mq/approve', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace MqReject {
  export interface Params {
    id: string;
    message: string;
    /** The patch that was reviewed; refused if it is another one now. */
    patch?: string;
  }
  export const spec = request<Params, ReviewResult>('gastown/mq/reject', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace MqRetry {
  /** Retries a merge that has failed or waits, at once. */
  export const spec = request<{ id: string }, ReviewResult>('gastown/mq/retry', 'person');
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
