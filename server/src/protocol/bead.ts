import { request } from './request';
import type {
  Bead,
  Dependency,
  Comment,
  BeadListItem,
  BlockedItem,
  BeadDetails,
  AuditEvent,
  TreeNode,
  Stats,
  ImportResult,
} from './beadRecord';
import { LONG_LIMIT_MS } from './timeLimit';
export * from './beadRecord';
export * from './vocabulary';

/**
 * Which ledger is meant: a rig's name, `hq` for the town's, or undefined for the one that the caller's working
 * directory decides. Requests about an existing id are routed by its prefix and ignore it.
 */
export interface LedgerParam {
  ledger?: string;
}

/** Fields of a bead that a person may set. */
export interface BeadFields {
  title?: string;
  description?: string;
  design?: string;
  acceptance?: string;
  notes?: string;
  type?: string;
  priority?: number;
  assignee?: string;
  externalRef?: string;
  /** RFC 3339; an empty string clears it. */
  defer?: string;
  /** RFC 3339; an empty string clears it. */
  due?: string;
  /** In minutes. */
  estimate?: number;
  specId?: string;
  /** For a gate: what it waits for. */
  awaitId?: string;
  metadata?: Record<string, unknown>;
}

/** Conditions on single beads that no index answers; all given ones must hold. Times are RFC 3339. */
export interface BeadConditions {
  priorityMin?: number;
  priorityMax?: number;
  /** A label must match this pattern with `*` and `?`. */
  labelPattern?: string;
  /** A label must match this regular expression (RE2). */
  labelRegex?: string;
  noLabels?: boolean;
  excludeLabels?: string[];
  excludeTypes?: string[];
  descriptionContains?: string;
  notesContains?: string;
  emptyDescription?: boolean;
  /** Beginning of the specification's id. */
  spec?: string;
  createdAfter?: string;
  createdBefore?: string;
  updatedAfter?: string;
  updatedBefore?: string;
  closedAfter?: string;
  closedBefore?: string;
  dueAfter?: string;
  dueBefore?: string;
  deferAfter?: string;
  deferBefore?: string;
  /** Past its due time and not closed. */
  overdue?: boolean;
  /** Deferred by its status or until a time. */
  deferred?: boolean;
  pinned?: boolean;
  molType?: string;
  wispType?: string;
  noParent?: boolean;
  /** Keys of the metadata with their values as text. */
  metadataFields?: [key: string, value: string][];
  hasMetadataKey?: string;
  /** Title, description or id contains it. */
  text?: string;
  externalContains?: string;
  /** An expression such as `status=open AND priority<2`. */
  query?: string;
}

/** Which beads a list has. */
export interface BeadFilter extends LedgerParam, BeadConditions {
  status?: string[];
  type?: string[];
  assignee?: string;
  unassigned?: boolean;
  /** A bead must have all of these labels. */
  labels?: string[];
  /** A bead must have one of these labels. */
  labelsAny?: string[];
  priority?: number;
  /** Descendants of this bead only. */
  parent?: string;
  titleContains?: string;
  ids?: string[];
  /** 0: no limit. */
  limit?: number;
  sort?: string;
}

export namespace BeadCreate {
  export interface Params extends Omit<BeadFields, 'title'>, LedgerParam {
    /** Checked by the ledger, so that every caller gets the same message. */
    title: string;
    id?: string;
    /** `hq-`, `hq` or a rig's name: another way to name the ledger. */
    prefix?: string;
    parent?: string;
    labels?: string[];
    /** Types as on the command line: `blocks`, `discovered-from`, `blocked-by`, … */
    deps?: [type: string, id: string][];
    /** It waits for the children of this bead. */
    waitsFor?: { id: string; gate: 'all-children' | 'any-children' };
    /** Address of its author, unless the ledger's settings leave it out. */
    owner?: string;
    molType?: string;
    wispType?: string;
    /** For a gate: the kind of what it waits for, and how long in nanoseconds. */
    awaitType?: string;
    timeout?: number;
    /** For a bead of type `event`. */
    event?: { category?: string; actor?: string; target?: string; payload?: string };
    /** Refuses a description without the sections that its type needs. */
    validate?: boolean;
    ephemeral?: boolean;
    dryRun?: boolean;
  }
  export const spec = request<Params, Bead>('gastown/bead/create', 'write');
}

export namespace BeadCreateMany {
  export interface Params extends LedgerParam {
    /** `key`: another name of the bead within the plan, for `parent`, `deps` and edges. */
    beads: (BeadCreate.Params & { key?: string })[];
    edges?: { from: string; to: string; type?: string }[];
  }
  /** All of them or none. */
  export const spec = request<Params, Bead[]>('gastown/bead/create-many', 'write', { timeLimitMs: LONG_LIMIT_MS });
}

export namespace BeadShow {
  export interface Params extends LedgerParam {
    /** Ids or unique parts of ids. */
    ids: string[];
  }
  export const spec = request<Params, BeadDetails[]>('gastown/bead/show', 'read');
}

export namespace BeadList {
  export interface Params extends BeadFilter {
    /** With closed beads, gates and templates. Tombstones only where `status` names them. */
    all?: boolean;
    reverse?: boolean;
    /** With what each bead waits for and what waits for it. */
    relations?: boolean;
  }
  export const spec = request<Params, BeadListItem[]>('gastown/bead/list', 'read');
}

export namespace BeadCount {
  export interface Params extends BeadFilter {
    by?: 'status' | 'priority' | 'type' | 'assignee' | 'label';
  }
  /** Of all beads that the filter allows, closed ones too. Groups are sorted by name; a bead may be in several. */
  export const spec = request<Params, { count: number; groups: { group: string; count: number }[] }>(
    'gastown/bead/count',
    'read',
  );
}

export namespace BeadReady {
  export interface Params extends BeadFilter {
    includeDeferred?: boolean;
  }
  export const spec = request<Params, BeadListItem[]>('gastown/bead/ready', 'read');
}

export namespace BeadBlocked {
  export interface Params extends LedgerParam {
    parent?: string;
  }
  export const spec = request<Params, BlockedItem[]>('gastown/bead/blocked', 'read');
}

export namespace BeadUpdate {
  export interface Params extends BeadFields, LedgerParam {
    ids: string[];
    status?: string;
    appendNotes?: string;
    addLabels?: string[];
    removeLabels?: string[];
    setLabels?: string[];
    /** An empty string removes the parent. */
    parent?: string;
    /** Take it if nobody has it: assignee = actor, status = in_progress. */
    claim?: boolean;
    /** Keys to set; null removes one. `metadata` replaces all of them. */
    metadataChanges?: Record<string, unknown>;
    /** For a gate: who is told when it opens. */
    addWaiters?: string[];
    /** False makes a wisp an ordinary bead. */
    ephemeral?: boolean;
    /** Who closes it, for a change of status to closed. */
    closedBySession?: string;
  }
  export const spec = request<Params, Bead[]>('gastown/bead/update', 'write');
}

export interface CloseResult {
  closed: Bead[];
  /** Ids that could not be closed, and why; the command fails only if nothing was closed. */
  errors: { id: string; message: string }[];
  /** Beads that became ready. */
  unblocked: Bead[];
}

export namespace BeadClose {
  export interface Params extends LedgerParam {
    /** None: the bead that the caller changed last. */
    ids: string[];
    reason?: string;
    force?: boolean;
    /** Session in which it was closed. */
    session?: string;
  }
  export const spec = request<Params, CloseResult>('gastown/bead/close', 'write');
}

export namespace BeadReopen {
  export interface Params extends LedgerParam {
    ids: string[];
    reason?: string;
  }
  export const spec = request<Params, Bead[]>('gastown/bead/reopen', 'write');
}

export interface DeleteResult {
  /** Ids of everything that was deleted, what was named first. */
  deleted: string[];
  dependencies: { issue_id: string; depends_on_id: string; type: string }[];
  labels: number;
  /** Beads whose texts named a deleted one. */
  references: { id: string; title: string }[];
}

export namespace BeadDelete {
  export interface Params extends LedgerParam {
    ids: string[];
    reason?: string;
    /** With everything that depends on them. */
    cascade?: boolean;
    dryRun?: boolean;
  }
  /** Leaves a tombstone, so that the deletion survives a merge. */
  export const spec = request<Params, DeleteResult>('gastown/bead/delete', 'write');
}

/** `from` depends on `to`. */
export interface EdgeParams extends LedgerParam {
  from: string;
  to: string;
  type?: string;
}

/** A link without a direction: one dependency each way. */
export namespace RelationChange {
  export interface Params extends LedgerParam {
    a: string;
    b: string;
    change: 'add' | 'remove';
  }
  export const spec = request<Params, { id1: string; id2: string }>('gastown/dependency/relate', 'write');
}

/** Closes a bead because another one takes its place, and links the two. */
export namespace BeadReplace {
  export interface Params extends LedgerParam {
    id: string;
    by: string;
    kind: 'duplicates' | 'supersedes';
  }
  export const spec = request<Params, { id: string; by: string; status: string }>('gastown/bead/replace', 'write');
}

export namespace BeadRename {
  export interface Params extends LedgerParam {
    id: string;
    newId: string;
  }
  /** Dependencies and texts that name the bead follow it. */
  export const spec = request<Params, { id: string; newId: string; references: number }>(
    'gastown/bead/rename',
    'person',
  );
}

export namespace DependencyAdd {
  export const spec = request<EdgeParams, Dependency>('gastown/dependency/add', 'write');
}

export namespace DependencyRemove {
  export const spec = request<EdgeParams, { issue_id: string; depends_on_id: string }>(
    'gastown/dependency/remove',
    'write',
  );
}

export namespace DependencyTree {
  export interface Params extends LedgerParam {
    id: string;
    maxDepth?: number;
    direction?: 'down' | 'up' | 'both';
    /** Each bead as often as it is reached, not only where it is nearest to the root. */
    allPaths?: boolean;
  }
  export const spec = request<Params, TreeNode[]>('gastown/dependency/tree', 'read');
}

export interface LabelResult {
  status: 'added' | 'removed' | 'unchanged';
  issue_id: string;
  label: string;
}

export namespace LabelChange {
  export interface Params extends LedgerParam {
    ids: string[];
    label: string;
    change: 'add' | 'remove';
  }
  export const spec = request<Params, LabelResult[]>('gastown/bead/label', 'write');
}

export namespace LabelList {
  export interface Params extends LedgerParam {
    id?: string;
  }
  /** The labels of one bead, or all labels of the ledger with their counts. */
  export const spec = request<Params, { label: string; count: number }[]>('gastown/bead/labels', 'read');
}

export namespace CommentAdd {
  export interface Params extends LedgerParam {
    id: string;
    text: string;
    /** Default: who calls. */
    author?: string;
  }
  export const spec = request<Params, Comment>('gastown/bead/comment', 'write');
}

export namespace BeadEvents {
  export interface Params extends LedgerParam {
    id?: string;
    limit?: number;
    /** Only what was done by, or concerns, this agent or person: an address or a pattern with `*` and `?`. */
    by?: string;
  }
  export const spec = request<Params, AuditEvent[]>('gastown/bead/events', 'read');
}

export namespace BeadStats {
  export interface Params extends LedgerParam {
    /** Only of the beads that are assigned to the caller. */
    assigned?: boolean;
  }
  export const spec = request<Params, Stats>('gastown/bead/stats', 'read');
}

export interface LedgerInfo {
  /** Name of the ledger: a rig's, `hq`, or `local` outside of a town. */
  ledger: string;
  directory: string;
  prefix: string;
  issues: number;
  settings: Record<string, string>;
}

export namespace LedgerInfoGet {
  export const spec = request<LedgerParam, LedgerInfo>('gastown/ledger/info', 'read');
}

export namespace LedgerSettingChange {
  export interface Params extends LedgerParam {
    key: string;
    /** Undefined removes it. */
    value?: string;
  }
  export const spec = request<Params, { key: string; value?: string }>('gastown/ledger/setting', 'write');
}

export namespace LedgerPrefixChange {
  export interface Params extends LedgerParam {
    prefix: string;
    /** Also beads whose ids have another prefix than the ledger's. */
    repair?: boolean;
    dryRun?: boolean;
  }
  /** Gives all beads ids with another prefix; dependencies and texts follow. */
  export const spec = request<Params, { from: string; to: string; renamed: [from: string, to: string][] }>(
    'gastown/ledger/prefix',
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace LedgerExport {
  export type Params = BeadFilter;
  /** The text of an `issues.jsonl`, with tombstones unless the filter chooses beads. */
  export const spec = request<Params, { text: string; count: number }>('gastown/ledger/export', 'read', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

export namespace LedgerFlush {
  export interface Params extends LedgerParam {
    /** Only read what others have changed in the file. */
    importOnly?: boolean;
  }
  /** Brings `issues.jsonl` and the ledger to the same state. */
  export const spec = request<Params, { file: string; issues: number }>('gastown/ledger/flush', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
    transient: true,
  });
}

export namespace LedgerDatabase {
  /** Writes `beads.db` into the ledger's folder: an SQLite file with the beads of all open ledgers, for people. */
  export const spec = request<LedgerParam, { file: string }>('gastown/ledger/database', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
    transient: true,
  });
}

export namespace LedgerImport {
  export interface Params extends LedgerParam {
    text: string;
    dryRun?: boolean;
    /** Leaves beads that are in the ledger as they are. */
    skipExisting?: boolean;
  }
  export const spec = request<Params, ImportResult>('gastown/ledger/import', 'write', {
    timeLimitMs: LONG_LIMIT_MS,
  });
}

/** Every request that works on beads alone; each has a handler in `beads/handlers.ts`. */
export const beadRequests = [
  BeadCreate.spec,
  BeadCreateMany.spec,
  BeadShow.spec,
  BeadList.spec,
  BeadCount.spec,
  BeadReady.spec,
  BeadBlocked.spec,
  BeadUpdate.spec,
  BeadClose.spec,
  BeadReopen.spec,
  BeadDelete.spec,
  DependencyAdd.spec,
  DependencyRemove.spec,
  DependencyTree.spec,
  RelationChange.spec,
  BeadReplace.spec,
  BeadRename.spec,
  LabelChange.spec,
  LabelList.spec,
  CommentAdd.spec,
  BeadEvents.spec,
  BeadStats.spec,
  LedgerInfoGet.spec,
  LedgerSettingChange.spec,
  LedgerPrefixChange.spec,
  LedgerExport.spec,
  LedgerFlush.spec,
  LedgerDatabase.spec,
  LedgerImport.spec,
] as const;
