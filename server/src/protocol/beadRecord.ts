import type { BeadStatus, BeadType, DependencyType, EventType } from './vocabulary';

/** Beads and what belongs to them, as results contain them. */

/**
 * A bead as it is written in `issues.jsonl` (field names of beads v0.49.6, which the file format fixes).
 * Times are RFC 3339 strings kept as they were read. Keys that we do not know are kept too.
 */
export interface Bead {
  id: string;
  title: string;
  description?: string;
  design?: string;
  acceptance_criteria?: string;
  notes?: string;
  spec_id?: string;
  status: BeadStatus;
  priority: number;
  issue_type: BeadType;
  assignee?: string;
  owner?: string;
  estimated_minutes?: number;
  created_at: string;
  created_by?: string;
  updated_at: string;
  /** Who made the last change; missing if that is the creator. */
  updated_by?: string;
  closed_at?: string;
  close_reason?: string;
  due_at?: string;
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
  type: DependencyType;
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
  /** On request: the beads that it waits for, and those that wait for it. */
  blocked_by?: string[];
  blocks?: string[];
}

export interface BlockedItem extends BeadListItem {
  blocked_by: string[];
  blocked_by_count: number;
}

/** The named fields of a type with an index signature; `Omit` would lose their types. */
type NamedFields<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

export type BeadDetails = Omit<NamedFields<BeadListItem>, 'dependencies'> & {
  dependencies: (Bead & { dependency_type: DependencyType })[];
  dependents: (Bead & { dependency_type: DependencyType })[];
  /** Who has validated the work, the oldest first; missing if there is no validation. */
  validation_records?: ValidationRecord[];
  /** Dependencies on other projects; missing if there are none. */
  external_dependencies?: ExternalDependency[];
};

/** Who validated the work on a bead, and how. `null`: not checked. */
export interface ValidationRecord {
  validated_by: string;
  /** `merge`, `direct-landing`, `review`, or what `bd validate --type` was given. */
  validation_type: string;
  timestamp: string;
  quality_signals: Record<string, boolean | null>;
  /** The outcome that `bd validate` was given. */
  outcome?: string;
  score?: number;
  message?: string;
}

export interface ExternalDependency {
  /** `external:<project>:<id or capability>` or `beads://<host>/<org>/<repository>/<id>`. */
  id: string;
  dependency_type: DependencyType;
  state: 'met' | 'open' | 'unresolved';
  /** The bead that was found under this id. */
  bead?: { id: string; title: string; status: string };
  /** The `.beads` folder that was searched. */
  directory?: string;
}

export interface AuditEvent {
  ts: string;
  type: EventType;
  actor: string;
  /** The bead that it concerns. */
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
  /** Lines that are no beads, if these are skipped. */
  problems: { line: number; reason: string }[];
}
