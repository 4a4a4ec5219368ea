import { request } from './request';
import type { BeadFilter, LedgerParam } from './beadFilter';
import type { AuditEvent, Bead, BeadDetails, BeadListItem, BlockedItem, Comment, Stats } from './beadRecord';
import { BeadBatch } from './batch';
import { dependencyRequests } from './dependency';
import { ledgerRequests } from './ledger';
import { LONG_LIMIT_MS } from './timeLimit';
export * from './beadRecord';
export * from './vocabulary';

/** Fields of a bead that represents an agent. An empty string clears one. */
export interface AgentFields {
  state?: string;
  /** RFC 3339. */
  lastActivity?: string;
  /** The bead on its hook; refused while there is another one. */
  hook?: string;
  /** The bead that describes its role. */
  role?: string;
  roleType?: string;
  rig?: string;
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
  agent?: AgentFields;
  metadata?: Record<string, unknown>;
}

export namespace BeadCreate {
  export interface Params extends Omit<BeadFields, 'title'>, LedgerParam {
    /** Checked by the ledger, so that every caller gets the same message. */
    title: string;
    id?: string;
    /** `hq-`, `hq` or the name of a rig: another way to name the ledger. */
    prefix?: string;
    parent?: string;
    labels?: string[];
    /** Types as on the command line: `blocks`, `discovered-from`, `blocked-by`, … */
    deps?: [type: string, id: string][];
    /** The bead waits for the children of this bead. */
    waitsFor?: { id: string; gate: 'all-children' | 'any-children' };
    /** Address of the bead's author, unless the ledger's settings leave it out. */
    owner?: string;
    molType?: string;
    wispType?: string;
    /** For a gate: the kind of its condition, and the time limit in nanoseconds. */
    awaitType?: string;
    timeout?: number;
    /** For a bead of type `event`. */
    event?: { category?: string; actor?: string; target?: string; payload?: string };
    /** Refuses a description without the sections that the bead's type needs. */
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
    dryRun?: boolean;
  }
  /** Creates all beads or none. */
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
    /** Also closed beads, gates and templates. Tombstones only if `status` names them. */
    all?: boolean;
    reverse?: boolean;
    /** Also lists what each bead waits for and what waits for it. */
    relations?: boolean;
  }
  export const spec = request<Params, BeadListItem[]>('gastown/bead/list', 'read');
}

export namespace BeadCount {
  export interface Params extends BeadFilter {
    by?: 'status' | 'priority' | 'type' | 'assignee' | 'label';
  }
  /** Counts all beads that the filter allows, closed ones too. Groups are sorted by name; a bead may be in several. */
  export const spec = request<Params, { count: number; groups: { group: string; count: number }[] }>(
    'gastown/bead/count',
    'read',
  );
}

export namespace BeadReady {
  export interface Params extends BeadFilter {
    includeDeferred?: boolean;
    /** Also wisps. */
    includeEphemeral?: boolean;
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
    /** Take the bead if it is unassigned: assignee = actor, status = in_progress. */
    claim?: boolean;
    /** Keys to set; null removes one. `metadata` replaces all of them. */
    metadataChanges?: Record<string, unknown>;
    /** Compare and set: refused unless this is the assignee; an empty string means that there is none. */
    ifAssignee?: string;
    /** For a gate: who is notified when it opens. For a merge slot: who wants it next. */
    addWaiters?: string[];
    removeWaiters?: string[];
    /** False makes a wisp an ordinary bead. */
    ephemeral?: boolean;
    /** Session that closes the bead, for a change of status to closed. */
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
    /** Empty: the bead that the caller changed last. */
    ids: string[];
    reason?: string;
    force?: boolean;
    /** Session in which the bead was closed. */
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

export const validationOutcomes = ['accepted', 'rejected', 'revision_requested'] as const;
export type ValidationOutcome = (typeof validationOutcomes)[number];

export namespace BeadValidate {
  export interface Params extends LedgerParam {
    id: string;
    outcome: ValidationOutcome;
    type?: string;
    /** From 0 to 1. */
    score?: number;
    signals?: Record<string, boolean | null>;
    message?: string;
  }
  /** Records that the caller has checked the work of a bead. */
  export const spec = request<Params, Bead>('gastown/bead/validate', 'write');
}

export interface DeleteResult {
  /** Ids of everything that was deleted, starting with the named ones. */
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
    /** Also delete everything that depends on them. */
    cascade?: boolean;
    dryRun?: boolean;
  }
  /** Leaves a tombstone, so that the deletion survives a merge. */
  export const spec = request<Params, DeleteResult>('gastown/bead/delete', 'write');
}

/** Moves a bead to another ledger of the town: a new bead there takes its place, and the old one is closed. */
export namespace BeadMove {
  export interface Params extends LedgerParam {
    id: string;
    /** Name of a ledger, or its prefix. */
    to: string;
    /** The command that the messages name. */
    as: 'move' | 'refile';
    keepOpen?: boolean;
    /** Dependencies stay those of the old bead. */
    skipDependencies?: boolean;
  }
  export const spec = request<Params, { source: string; target: string; closed: boolean; remapped: number }>(
    'gastown/bead/move',
    'person',
  );
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
  /** Dependencies and texts that mention the bead are changed to its new id. */
  export const spec = request<Params, { id: string; newId: string; references: number }>(
    'gastown/bead/rename',
    'person',
  );
}

export interface LabelResult {
  /** What was asked for, as in the Go `bd`. */
  status: 'added' | 'removed';
  issue_id: string;
  label: string;
  /** False if the bead had the label already, or did not have it. */
  changed: boolean;
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
  /** All labels of the ledger with the number of their beads. */
  export const spec = request<LedgerParam, { label: string; count: number }[]>('gastown/bead/labels', 'read');
}

export namespace CommentAdd {
  export interface Params extends LedgerParam {
    id: string;
    text: string;
    /** By default the caller. */
    author?: string;
  }
  export const spec = request<Params, Comment>('gastown/bead/comment', 'write');
}

export namespace BeadEvents {
  export interface Params extends LedgerParam {
    id?: string;
    limit?: number;
    /** Only actions by, or about, this agent or person: an address or a pattern with `*` and `?`. */
    by?: string;
  }
  export const spec = request<Params, AuditEvent[]>('gastown/bead/events', 'read');
}

export namespace BeadStats {
  export interface Params extends LedgerParam {
    /** Only beads that are assigned to the caller. */
    assigned?: boolean;
  }
  export const spec = request<Params, Stats>('gastown/bead/stats', 'read');
}

/** Every request that works on beads and their ledger alone; each has a handler in `beads/handlers/`. */
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
  BeadValidate.spec,
  BeadDelete.spec,
  BeadReplace.spec,
  BeadRename.spec,
  BeadMove.spec,
  LabelChange.spec,
  LabelList.spec,
  CommentAdd.spec,
  BeadEvents.spec,
  BeadStats.spec,
  BeadBatch.spec,
  ...dependencyRequests,
  ...ledgerRequests,
] as const;
