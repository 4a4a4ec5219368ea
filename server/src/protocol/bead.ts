import { z } from 'zod';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';

/**
 * A bead as it stands in `issues.jsonl` (field names of beads v0.49.6, which the file format fixes).
 * Times are RFC 3339 strings kept as they were read. Keys that we do not know are kept too.
 */
export interface Bead {
  id: string;
  title: string;
  description?: string;
  design?: string;
  acceptance_criteria?: string;
  notes?: string;
  status: string;
  priority: number;
  issue_type: string;
  assignee?: string;
  owner?: string;
  created_at: string;
  created_by?: string;
  updated_at: string;
  closed_at?: string;
  close_reason?: string;
  defer_until?: string;
  external_ref?: string;
  metadata?: unknown;
  labels?: string[];
  dependencies?: Dependency[];
  comments?: Comment[];
  ephemeral?: boolean;
  pinned?: boolean;
  is_template?: boolean;
  [unknownKey: string]: unknown;
}

/** `issue_id` depends on `depends_on_id`; for `parent-child`, `issue_id` is the child. */
export interface Dependency {
  issue_id: string;
  depends_on_id: string;
  type: string;
  created_at: string;
  created_by?: string;
  [unknownKey: string]: unknown;
}

export interface Comment {
  id: number | string;
  issue_id: string;
  author: string;
  text: string;
  created_at: string;
}

/** A bead in a list: with the counts that `--json` promises. */
export interface BeadListItem extends Bead {
  dependency_count: number;
  dependent_count: number;
  comment_count: number;
  parent?: string;
}

export interface BlockedItem extends BeadListItem {
  blocked_by: string[];
  blocked_by_count: number;
}

/** The named fields of a type with an index signature; `Omit` would lose their types. */
type NamedFields<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

export type BeadDetails = Omit<NamedFields<BeadListItem>, 'dependencies'> & {
  dependencies: (Bead & { dependency_type: string })[];
  dependents: (Bead & { dependency_type: string })[];
};

export interface AuditEvent {
  ts: string;
  type: string;
  actor: string;
  /** The bead it is about. */
  bead?: string;
  agent?: string;
  convoy?: string;
  rig?: string;
  old?: string;
  new?: string;
  message?: string;
}

export interface TreeNode extends Bead {
  depth: number;
  parent_id: string;
  truncated: boolean;
}

export interface Stats {
  summary: {
    total_issues: number;
    open_issues: number;
    in_progress_issues: number;
    closed_issues: number;
    blocked_issues: number;
    deferred_issues: number;
    ready_issues: number;
    tombstone_issues: number;
    pinned_issues: number;
    epics_eligible_for_closure: number;
    average_lead_time_hours: number;
  };
}

export interface ImportResult {
  created: string[];
  updated: string[];
  unchanged: number;
  skipped: string[];
}

/**
 * Which ledger is meant: a rig's name, `hq` for the town's, or undefined for the one that the caller's
 * working directory decides. Requests about an existing id are routed by its prefix and ignore it.
 */
const ledger = z.string().optional();
const id = z.string().min(1).max(200);
const ids = z.array(id).min(1).max(10_000);
const priority = z.number().int().min(0).max(4);

const filter = {
  ledger,
  status: z.array(z.string()).optional(),
  type: z.array(z.string()).optional(),
  assignee: z.string().optional(),
  unassigned: z.boolean().optional(),
  /** A bead must carry all of these labels. */
  labels: z.array(z.string()).optional(),
  /** A bead must carry one of these labels. */
  labelsAny: z.array(z.string()).optional(),
  priority: priority.optional(),
  /** Descendants of this bead only. */
  parent: id.optional(),
  titleContains: z.string().optional(),
  ids: z.array(id).optional(),
  /** 0 = no limit. */
  limit: z.number().int().min(0).optional(),
};

const fields = {
  title: z.string().optional(),
  description: z.string().optional(),
  design: z.string().optional(),
  acceptance: z.string().optional(),
  notes: z.string().optional(),
  type: z.string().optional(),
  priority: priority.optional(),
  assignee: z.string().optional(),
  externalRef: z.string().optional(),
  /** RFC 3339; empty string clears. */
  defer: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
};

export namespace BeadCreate {
  /** `title` is checked by the ledger, so that every caller gets the same message. */
  export const spec = request<Bead>()(
    'gastown/bead/create',
    z.object({
      ...fields,
      title: z.string(),
      ledger,
      id: id.optional(),
      /** `hq-`, `hq` or a rig's name: another way to say the ledger. */
      prefix: z.string().optional(),
      parent: id.optional(),
      labels: z.array(z.string()).optional(),
      /** `[type, id]`; type as on the command line: `blocks`, `discovered-from`, `blocked-by`, … */
      deps: z.array(z.tuple([z.string(), id])).optional(),
      ephemeral: z.boolean().optional(),
      dryRun: z.boolean().optional(),
    }),
    'write',
  );
}

export namespace BeadShow {
  /** Accepts unique parts of ids. */
  export const spec = request<BeadDetails[]>()('gastown/bead/show', z.object({ ledger, ids }), 'read');
}

export namespace BeadList {
  export const spec = request<BeadListItem[]>()(
    'gastown/bead/list',
    z.object({
      ...filter,
      /** With closed, gates and templates. Tombstones only when asked for by status. */
      all: z.boolean().optional(),
      sort: z.string().optional(),
      reverse: z.boolean().optional(),
    }),
    'read',
  );
}

export namespace BeadReady {
  export const spec = request<BeadListItem[]>()(
    'gastown/bead/ready',
    z.object({
      ...filter,
      sort: z.string().optional(),
      includeDeferred: z.boolean().optional(),
    }),
    'read',
  );
}

export namespace BeadBlocked {
  export const spec = request<BlockedItem[]>()(
    'gastown/bead/blocked',
    z.object({ ledger, parent: id.optional() }),
    'read',
  );
}

export namespace BeadUpdate {
  export const spec = request<Bead[]>()(
    'gastown/bead/update',
    z.object({
      ...fields,
      ledger,
      ids,
      status: z.string().optional(),
      appendNotes: z.string().optional(),
      addLabels: z.array(z.string()).optional(),
      removeLabels: z.array(z.string()).optional(),
      setLabels: z.array(z.string()).optional(),
      /** Empty string takes the bead out of its parent. */
      parent: z.string().optional(),
      /** Take it if nobody has it: assignee = actor, status = in_progress. */
      claim: z.boolean().optional(),
    }),
    'write',
  );
}

export interface CloseResult {
  closed: Bead[];
  /** Ids that could not be closed, and why; the command fails only if nothing was closed. */
  errors: { id: string; message: string }[];
  /** Beads that became ready by it. */
  unblocked: Bead[];
}

export namespace BeadClose {
  export const spec = request<CloseResult>()(
    'gastown/bead/close',
    z.object({
      ledger,
      ids,
      reason: z.string().optional(),
      force: z.boolean().optional(),
    }),
    'write',
  );
}

export namespace BeadReopen {
  export const spec = request<Bead[]>()(
    'gastown/bead/reopen',
    z.object({ ledger, ids, reason: z.string().optional() }),
    'write',
  );
}

export namespace BeadDelete {
  /** Leaves a tombstone, so that the deletion survives a merge. */
  export const spec = request<string[]>()(
    'gastown/bead/delete',
    z.object({ ledger, ids, reason: z.string().optional() }),
    'write',
  );
}

const edge = z.object({ ledger, from: id, to: id, type: z.string().optional() });

export namespace DependencyAdd {
  /** `from` depends on `to`. */
  export const spec = request<Dependency>()('gastown/dependency/add', edge, 'write');
}

export namespace DependencyRemove {
  export const spec = request<{ issue_id: string; depends_on_id: string }>()(
    'gastown/dependency/remove',
    edge,
    'write',
  );
}

export namespace DependencyTree {
  export const spec = request<TreeNode[]>()(
    'gastown/dependency/tree',
    z.object({
      ledger,
      id,
      maxDepth: z.number().int().min(0).optional(),
      direction: z.enum(['down', 'up', 'both']).optional(),
    }),
    'read',
  );
}

export namespace LabelChange {
  export const spec = request<{ status: 'added' | 'removed' | 'unchanged'; issue_id: string; label: string }[]>()(
    'gastown/bead/label',
    z.object({ ledger, ids, label: z.string(), change: z.enum(['add', 'remove']) }),
    'write',
  );
}

export namespace LabelList {
  /** The labels of one bead, or all labels of the ledger with their counts. */
  export const spec = request<{ label: string; count: number }[]>()(
    'gastown/bead/labels',
    z.object({ ledger, id: id.optional() }),
    'read',
  );
}

export namespace CommentAdd {
  export const spec = request<Comment>()('gastown/bead/comment', z.object({ ledger, id, text: z.string() }), 'write');
}

export namespace BeadEvents {
  export const spec = request<AuditEvent[]>()(
    'gastown/bead/events',
    z.object({
      ledger,
      id: id.optional(),
      limit: z.number().int().min(0).optional(),
    }),
    'read',
  );
}

export namespace BeadStats {
  export const spec = request<Stats>()('gastown/bead/stats', z.object({ ledger }), 'read');
}

export namespace LedgerExport {
  /** The text of an `issues.jsonl`. */
  export const spec = request<{ text: string; count: number }>()(
    'gastown/ledger/export',
    z.object({ ledger, status: z.array(z.string()).optional() }),
    'read',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace LedgerImport {
  export const spec = request<ImportResult>()(
    'gastown/ledger/import',
    z.object({
      ledger,
      text: z.string(),
      dryRun: z.boolean().optional(),
    }),
    'write',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

/** Every request that works on beads alone; each has a handler in `beads/handlers.ts`. */
export const beadRequests = [
  BeadCreate.spec,
  BeadShow.spec,
  BeadList.spec,
  BeadReady.spec,
  BeadBlocked.spec,
  BeadUpdate.spec,
  BeadClose.spec,
  BeadReopen.spec,
  BeadDelete.spec,
  DependencyAdd.spec,
  DependencyRemove.spec,
  DependencyTree.spec,
  LabelChange.spec,
  LabelList.spec,
  CommentAdd.spec,
  BeadEvents.spec,
  BeadStats.spec,
  LedgerExport.spec,
  LedgerImport.spec,
] as const;
