import type { BeadStatus } from '../../protocol/vocabulary';
/** What a new bead may be given; everything but the title has a default. */
export interface NewBead {
  title: string;
  description?: string;
  design?: string;
  acceptance_criteria?: string;
  notes?: string;
  type?: string;
  priority?: number;
  status?: BeadStatus;
  assignee?: string;
  owner?: string;
  labels?: string[];
  metadata?: Record<string, unknown>;
  /** Makes a child `parent.N` with a `parent-child` dependency. */
  parent?: string;
  id?: string;
  /** Put between prefix and hash of a new id, such as `mol`. */
  infix?: string;
  /** A wisp: never written to `issues.jsonl`. */
  ephemeral?: boolean;
  external_ref?: string;
  defer_until?: string;
  due_at?: string;
  /** Milliseconds after the time of the batch: beads of one plan keep their order. */
  createdAfterMs?: number;
  estimated_minutes?: number;
  spec_id?: string;
  /** Further fields of the file format. */
  extra?: Record<string, unknown>;
}
