import type { AuditEvent, BeadDetails, BeadStatus, BeadType } from './bead';
import type { ReviewerInfo } from './mergeQueue';
import { request } from './request';
import type { PricedUsage } from './usage';

/**
 * The beads that windows show outside of convoys: lists in pages, since a ledger may have ten thousand beads, and pages
 * of single beads.
 */

export const boardStates = ['ready', 'blocked', 'in_progress', 'in_review', 'failed', 'deferred', 'closed'] as const;
export type BoardState = (typeof boardStates)[number];
export const boardGroupings = ['state', 'epic', 'rig'] as const;
export type BoardGrouping = (typeof boardGroupings)[number];

export interface BeadRef {
  id: string;
  /** Undefined if no open ledger has it. */
  title?: string;
  status?: BeadStatus;
}

/** One reason why work on a bead has not started. */
export type WhyNot =
  | { kind: 'waits'; beads: BeadRef[]; more: number }
  /** An ancestor of the bead waits. */
  | { kind: 'parent'; bead: BeadRef }
  /** The beads that it depends on are closed, but not merged yet. */
  | { kind: 'unmerged'; beads: BeadRef[]; more: number }
  /** Without `until`: until the deferral is ended. `parent`: the parent that is deferred. */
  | { kind: 'deferred'; until?: string; parent?: BeadRef }
  /** It is assigned to a person who is not an agent of this town. */
  | { kind: 'person'; name: string }
  /** Unmerged work touches the files that the bead declares, and the rig avoids that. */
  | { kind: 'overlap'; bead: BeadRef; files: string[]; more: number }
  /** A person stopped its agent. */
  | { kind: 'stopped' }
  /** Its convoy is paused. */
  | { kind: 'convoy-paused'; convoy: BeadRef }
  /** Its dependency has landed on the feature branch of this convoy, and not on the target yet. */
  | { kind: 'unlanded'; bead: BeadRef; convoy: BeadRef }
  /** Its agent could not continue, and a person has to help. */
  | { kind: 'escalated'; message: string }
  /** Gates of its molecule are closed, or a step has to be done by a person or another agent. */
  | { kind: 'steps'; gates: BeadRef[]; steps: BeadRef[]; more: number }
  /** A person has not approved the commands: the runtime of this name, the bead's own script, or the rig's commands. */
  | { kind: 'consent'; what: 'runtime' | 'script' | 'rig'; name: string }
  /** Its rig cannot be used, for example because its settings cannot be read. */
  | { kind: 'rig'; name: string }
  /** Retried after a failure, at this time. */
  | { kind: 'backoff'; until: string }
  /** No agent works on beads of this type. */
  | { kind: 'type'; type: BeadType }
  /** Another status, such as `blocked` or `pinned`. */
  | { kind: 'status'; status: BeadStatus }
  /** It could start, but was not slung yet. */
  | { kind: 'unslung' }
  /** It could start, but the engine is paused. */
  | { kind: 'paused' };

/**
 * A list is named by its key: `''` for the top, `state:ready`, `rig:toy`, `rig:toy/ready`, `epic:toy-1` (the children
 * of a bead) and `loose` (beads without a parent). Items only name their beads: a window gets each bead once, apart
 * from the lists.
 */
export type BoardItem = { kind: 'group'; key: string; count: number } | { kind: 'bead'; id: string };

export interface BoardList {
  /** Key of the list. */
  id: string;
  total: number;
  /** The first rows. */
  items: BoardItem[];
}

/** Most rows of one list. */
export const boardPageLimit = 2_000;
/** Most lists that a window watches at a time. */
export const boardListLimit = 200;

/** The lists of beads that a window watches: the top of the tree, and those that are expanded. */
export interface BoardQuery {
  grouping: BoardGrouping;
  /** Every word of the text must be in the title, id, assignee or a label, or be the type. */
  text: string;
  /** Lists that are expanded, each with the number of rows to show. */
  open: { key: string; limit: number }[];
}

/** One attempt of an agent at a bead, from the hook to its end. */
export interface WorkSession {
  agent: string;
  attempt: number;
  started: string;
  ended?: string;
  /** Type of the event that ended it, such as `done`; undefined while it runs. */
  end?: string;
  message?: string;
  /** How often the agent's process died and was restarted. */
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
  /** Why it was closed: merged, rejected, cancelled. */
  reason?: string;
  retries: number;
  /** Reviewers of the latest version, with their verdicts. */
  reviewers: ReviewerInfo[];
  comments: { author: string; text: string; at: string }[];
  /** Events of the merge request itself, with its reviews. */
  events: AuditEvent[];
}

export interface BeadPageInfo {
  bead: BeadDetails;
  why: WhyNot[];
  /** Newest last. */
  events: AuditEvent[];
  sessions: WorkSession[];
  /** Tokens used by each agent with each model, as far as they are known. */
  usage: (PricedUsage & { by: string })[];
  /** Merge requests, oldest first. */
  merges: MergeInfo[];
  /** Reviews with the author's answers, oldest first. */
  reviews: { by: string; verdict: 'approved' | 'rejected'; message: string; note?: string; at: string }[];
  /** Feedback for the next attempt: why the last one was rejected. */
  feedback?: string;
  problem?: string;
}

export namespace BeadPage {
  /** Everything about one bead, apart from its diff. Accepts a unique part of an id. */
  export const spec = request<{ id: string }, BeadPageInfo>('gastown/bead/page', 'read');
}

export interface BeadDiffInfo {
  /** `merged`: the merged change; `branch`: the work since its base; `none`: there is no work. */
  kind: 'merged' | 'branch' | 'none';
  /** Why there is no diff. */
  reason?: string;
  branch?: string;
  base?: string;
  head?: string;
  files: number;
  insertions: number;
  deletions: number;
  text: string;
  /** The diff is longer than `text`. */
  truncated: boolean;
}

export namespace BeadDiff {
  export const spec = request<{ id: string; maxBytes?: number }, BeadDiffInfo, { id: string; maxBytes: number }>(
    'gastown/bead/diff',
    'read',
  );
}

/** Requests about beads that only a town answers. */
export const boardRequests = [BeadPage.spec, BeadDiff.spec] as const;
