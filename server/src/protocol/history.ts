import type { BeadType } from './vocabulary';
import { request } from './request';
import type { ModelPrice, PricedUsage } from './usage';

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
  /** Tokens that the actor's conversations about the bead have used, by model; empty if none are known. */
  usage: PricedUsage[];
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

/** What one conversation of an agent about a bead has used. */
export interface UsageRecord {
  bead: string;
  title: string;
  rig: string;
  /** The agent: a worker or a reviewer. */
  by: string;
  /** ISO time of the end of its last session. */
  at: string;
  usage: PricedUsage[];
}

export namespace UsageList {
  export interface Params {
    /** An ISO time: only conversations whose last session ended then or later. */
    since?: string;
  }
  /** Sorted by time, the latest last. */
  export const spec = request<Params, UsageRecord[]>('gastown/history/usage', 'read');
}

export namespace ModelPrices {
  export interface Params {
    /** A model, or a pattern such as `claude-opus-*`. */
    model?: string;
    /** The new price; null removes it. */
    price?: ModelPrice | null;
  }
  /** The prices of models, after setting the one that is given. For people only. */
  export const spec = request<Params, Record<string, ModelPrice>>('gastown/config/prices', 'person');
}

export const historyRequests = [WorkHistory.spec, UsageList.spec, ModelPrices.spec] as const;
