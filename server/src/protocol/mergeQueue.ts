import { z } from 'zod';
import { name } from './names';
import { request } from './request';
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
  /** In the order in which they will be merged, those in review last. */
  export const spec = request<MergeRequestInfo[]>()('gastown/mq/list', z.object({ rig: name.optional() }), 'read');
}
export namespace MqGet {
  /** @param id of the merge request or its bead, or the branch */
  export const spec = request<MergeRequestInfo>()('gastown/mq/get', z.object({ id: name }), 'read');
}

const message = z.string().max(100_000);

export namespace MqApprove {
  /** `patch`: what was looked at; refused if it is another now. `first`: merge it before all others. */
  export const spec = request<{ mergeRequest: string; bead: string }>()(
    'gastown/mq/approve',
    z.object({ id: name, message: message.default(''), patch: z.string().optional(), first: z.boolean().optional() }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
export namespace MqReject {
  export const spec = request<{ mergeRequest: string; bead: string }>()(
    'gastown/mq/reject',
    z.object({ id: name, message, patch: z.string().optional() }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}
export namespace MqRetry {
  /** Tries one that was given up, or that waits, again at once. */
  export const spec = request<{ mergeRequest: string; bead: string }>()(
    'gastown/mq/retry',
    z.object({ id: name }),
    'person',
  );
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
  /** The files of the change that would land. */
  export const spec = request<ChangeInfo>()('gastown/mq/change', z.object({ id: name }), 'read', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}
export namespace MqFile {
  /**
   * One side of a changed file; undefined where it is not there or is binary. At most 1 MB of it.
   * `at`: from this commit of `MqChange`, whatever has become of the merge request since.
   */
  export const spec = request<{ text?: string }>()(
    'gastown/mq/file',
    z.object({
      id: name,
      path: z.string().min(1).max(4096),
      side: z.enum(['base', 'change']),
      at: z.object({ rig: name, commit: z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/) }).optional(),
    }),
    'read',
  );
}
