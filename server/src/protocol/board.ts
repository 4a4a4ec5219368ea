import type { AuditEvent, BeadDetails, BeadStatus, BeadType } from './bead';
import { request, type WithDefaults } from './request';

/** What windows show of beads outside of convoys. Asked for page by page: a ledger may hold ten thousand. */

export const boardStates = ['ready', 'blocked', 'in_progress', 'in_review', 'failed', 'deferred', 'closed'] as const;
export type BoardState = (typeof boardStates)[number];
export const boardGroupings = ['state', 'epic', 'rig'] as const;
export type BoardGrouping = (typeof boardGroupings)[number];

export interface BeadRef {
  id: string;
  /** Undefined where no open ledger has it. */
  title?: string;
  status?: BeadStatus;
}

/** One reason why nobody begins with a bead. */
export type WhyNot =
  | { kind: 'waits'; beads: BeadRef[]; more: number }
  /** An ancestor of it waits. */
  | { kind: 'parent'; bead: BeadRef }
  /** They are closed, and their merge is still to come. */
  | { kind: 'unmerged'; beads: BeadRef[]; more: number }
  /** Without `until`: until somebody says so. `parent` where the parent is deferred. */
  | { kind: 'deferred'; until?: string; parent?: BeadRef }
  /** It is assigned to somebody who is no agent of this town. */
  | { kind: 'person'; name: string }
  /** A person stopped its agent. */
  | { kind: 'stopped' }
  /** Nobody has accepted what would run: the runtime of this name, the bead's own script, or the rig's commands. */
  | { kind: 'consent'; what: 'runtime' | 'script' | 'rig'; name: string }
  /** Its rig cannot be used, such as for settings that cannot be read. */
  | { kind: 'rig'; name: string }
  /** After a failure, until this time. */
  | { kind: 'backoff'; until: string }
  /** No agent works on beads of this type. */
  | { kind: 'type'; type: BeadType }
  /** A status that is neither ready nor any of the others, such as `blocked` or `pinned`. */
  | { kind: 'status'; status: BeadStatus }
  /** Ready, and not slung yet. */
  | { kind: 'unslung' }
  /** It could begin: the engine is paused. */
  | { kind: 'paused' };

export interface BoardBead {
  id: string;
  title: string;
  type: BeadType;
  status: BeadStatus;
  priority: number;
  state: BoardState;
  ledger: string;
  assignee?: string;
  why: WhyNot[];
  /** Of a bead with children, or an epic. */
  progress?: { done: number; total: number };
}

/**
 * A list is named by its key: `''` for the top, `state:ready`, `rig:toy`, `rig:toy/ready`, `epic:toy-1` (the children of
 * a bead) and `loose` (what has no parent).
 */
export type BoardItem = { kind: 'group'; key: string; count: number } | { kind: 'bead'; bead: BoardBead };

export interface BoardList {
  total: number;
  items: BoardItem[];
}

export interface Board {
  /** One for each list that was asked for, and for the top. */
  lists: Record<string, BoardList>;
}

export const boardPageLimit = 2_000;

export namespace BoardGet {
  export interface Params {
    grouping: BoardGrouping;
    /** Every word of it must be in the title, id, assignee or a label, or be the type. */
    text?: string;
    /** Lists that are expanded, each with the number of rows to return. */
    open?: { key: string; limit: number }[];
  }
  /** The top of the tree, and the first rows of each expanded list. */
  export const spec = request<Params, Board, WithDefaults<Params, 'text' | 'open'>>('gastown/board/get', 'read');
}

/** One stretch of work on a bead: from the hook to how it ended. */
export interface WorkSession {
  agent: string;
  attempt: number;
  started: string;
  ended?: string;
  /** The audit trail's word for its end, such as `done`; undefined while it goes on. */
  end?: string;
  message?: string;
  /** How often its process died and was brought back. */
  restarts: number;
}

export interface MergeInfo {
  id: string;
  status: BeadStatus;
  branch: string;
  commit: string;
  worker: string;
  createdAt: string;
  closedAt?: string;
  /** Why it was closed: merged, sent back, withdrawn. */
  reason?: string;
  retries: number;
  comments: { author: string; text: string; at: string }[];
  /** What was said of the request itself, reviews among it. */
  events: AuditEvent[];
}

export interface BeadPageInfo {
  bead: BeadDetails;
  why: WhyNot[];
  /** Newest last. */
  events: AuditEvent[];
  sessions: WorkSession[];
  /** Oldest first. */
  merges: MergeInfo[];
  /** What reviewers said and what was answered, oldest first. */
  reviews: { by: string; verdict: 'approved' | 'rejected'; message: string; note?: string; at: string }[];
  /** What the next attempt is told: why the last one was sent back. */
  feedback?: string;
  problem?: string;
}

export namespace BeadPage {
  /** Everything that a person wants to know of one bead, apart from its diff. Accepts a unique part of an id. */
  export const spec = request<{ id: string }, BeadPageInfo>('gastown/bead/page', 'read');
}

export interface BeadDiffInfo {
  /** `merged`: what landed; `branch`: the work as it stands against where it began; `none`: there is no work to see. */
  kind: 'merged' | 'branch' | 'none';
  /** Why there is none. */
  reason?: string;
  branch?: string;
  base?: string;
  head?: string;
  files: number;
  insertions: number;
  deletions: number;
  text: string;
  /** There is more than `text` holds. */
  truncated: boolean;
}

export namespace BeadDiff {
  export const spec = request<{ id: string; maxBytes?: number }, BeadDiffInfo, { id: string; maxBytes: number }>(
    'gastown/bead/diff',
    'read',
  );
}

/** Answered by a town; each has a handler in `service/handlers/board.ts`. */
export const boardRequests = [BoardGet.spec, BeadPage.spec, BeadDiff.spec] as const;
