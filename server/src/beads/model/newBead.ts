import type { Bead } from '../../protocol/bead';
import type { BeadStatus } from '../../protocol/vocabulary';
import { typeFromInput } from './fields';
import { defined, plain } from './plain';
import { timeAfter } from './time';

/** Fields of a new bead; all but the title have defaults. */
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
  /** Creates a child `parent.N` with a `parent-child` dependency. */
  parent?: string;
  id?: string;
  /** Inserted between prefix and hash of a new id, such as `mol`. */
  infix?: string;
  /** A wisp: never written to `issues.jsonl`. */
  ephemeral?: boolean;
  external_ref?: string;
  defer_until?: string;
  due_at?: string;
  /** Milliseconds after the time of the batch: so that beads of one plan keep their order. */
  createdAfterMs?: number;
  estimated_minutes?: number;
  spec_id?: string;
  /** Further fields of the file format. */
  extra?: Record<string, unknown>;
}

/** A bead from its fields, without an id and unchecked. */
export function beadFrom(options: NewBead, { actor, now }: { actor: string; now: Date }): Bead {
  const createdAt = timeAfter(new Date(now.getTime() + (options.createdAfterMs ?? 0)), undefined);
  const type = typeFromInput(options.type ?? 'task');
  return {
    ...plain(options.extra ?? {}),
    id: '',
    title: options.title,
    status: options.status ?? 'open',
    priority: options.priority ?? 2,
    issue_type: type,
    created_at: createdAt,
    created_by: actor,
    updated_at: createdAt,
    ...defined({
      description: options.description,
      design: options.design,
      acceptance_criteria: options.acceptance_criteria,
      notes: options.notes,
      assignee: options.assignee,
      owner: options.owner,
      external_ref: options.external_ref,
      defer_until: options.defer_until,
      due_at: options.due_at,
      estimated_minutes: options.estimated_minutes,
      spec_id: options.spec_id,
      metadata: options.metadata && plain(options.metadata),
      ephemeral: options.ephemeral === true ? true : undefined,
      labels: options.labels?.length ? [...new Set(options.labels)].sort() : undefined,
      closed_at: options.status === 'closed' ? createdAt : undefined,
    }),
  };
}
