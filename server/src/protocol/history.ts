import type { BeadType } from './vocabulary';
import { request } from './request';

/** What agents and people have done, derived from beads, reviews and commits. */

/** `completed`: closed, with or without a change; `failed`: given up. */
export type WorkOutcome = 'completed' | 'failed' | 'active';

/** The work of one agent or person on one bead. */
export interface WorkRecord {
  bead: string;
  title: string;
  type: BeadType;
  rig: string;
  labels: string[];
  /** The agent or person who did the work. */
  actor: string;
  /** The runtime of the agent's last session; missing if a person did the work. */
  runtime?: string;
  model?: string;
  outcome: WorkOutcome;
  createdAt: string;
  /** When the first session started. */
  startedAt?: string;
  closedAt?: string;
  /** Commit on the landing branch. */
  merged?: string;
  /** How often work was started. */
  attempts: number;
  approvals: number;
  rejections: number;
  /** Languages of the files of the merged commit, the most frequent first. */
  languages: string[];
  /** Who validated the landed commit; missing if nothing landed. */
  validation?: { validated_by: string; validation_type: string; quality_signals: Record<string, boolean | null> };
}

/** A review by the agents or people of the query. */
export interface ReviewRecord {
  bead: string;
  by: string;
  verdict: 'approved' | 'rejected';
  at: string;
}

export interface WorkHistoryResult {
  /** Sorted by time, the latest last. */
  work: WorkRecord[];
  reviews: ReviewRecord[];
}

export namespace WorkHistory {
  export interface Params {
    /** An address or a pattern with `*` and `?`; everyone if it is missing. */
    actor?: string;
    /** Only beads with this label, or with files of this language. */
    tag?: string;
  }
  export const spec = request<Params, WorkHistoryResult>('gastown/history/work', 'read');
}

export const historyRequests = [WorkHistory.spec] as const;
