import { z } from 'zod';
import {
  beadStatus,
  beadType,
  builtInStatuses,
  builtInTypes,
  type BeadStatus,
  type BeadType,
  type BuiltInStatus,
  type BuiltInType,
} from '../../protocol/vocabulary';

/** The order in which beads v0.49.6 writes the fields of an issue. */
export const fieldOrder: readonly string[] = [
  'id',
  'title',
  'description',
  'design',
  'acceptance_criteria',
  'notes',
  'spec_id',
  'status',
  'priority',
  'issue_type',
  'assignee',
  'owner',
  'estimated_minutes',
  'created_at',
  'created_by',
  'updated_at',
  'updated_by',
  'started_at',
  'closed_at',
  'close_reason',
  'closed_by_session',
  'due_at',
  'defer_until',
  'external_ref',
  'source_system',
  'metadata',
  'compaction_level',
  'compacted_at',
  'compacted_at_commit',
  'original_size',
  'labels',
  'dependencies',
  'comments',
  'deleted_at',
  'deleted_by',
  'delete_reason',
  'original_type',
  'sender',
  'ephemeral',
  'no_history',
  'wisp_type',
  'pinned',
  'is_template',
  'bonded_from',
  'creator',
  'validations',
  'quality_score',
  'crystallizes',
  'await_type',
  'await_id',
  'timeout',
  'waiters',
  'holder',
  'source_formula',
  'source_location',
  'hook_bead',
  'role_bead',
  'agent_state',
  'last_activity',
  'role_type',
  'rig',
  'mol_type',
  'work_type',
  'event_kind',
  'actor',
  'target',
  'payload',
];
export const dependencyOrder: readonly string[] = [
  'issue_id',
  'depends_on_id',
  'type',
  'created_at',
  'created_by',
  'metadata',
  'thread_id',
];
export const commentOrder: readonly string[] = ['id', 'issue_id', 'author', 'text', 'created_at'];

/** Written even when empty. */
export const neverOmitted: ReadonlySet<string> = new Set(['id', 'title', 'priority', 'created_at', 'updated_at']);
/** Zero is a value in these (pointers in Go), so only an absent one is left out. */
export const keptWhenZero: ReadonlySet<string> = new Set(['estimated_minutes', 'quality_score']);
/** Derived by the tool that wrote them, so possibly stale: neither read nor written. */
export const derivedFields: ReadonlySet<string> = new Set([
  'content_hash',
  'dependency_count',
  'dependent_count',
  'comment_count',
  'parent',
]);

/** Statuses that the Go `bd` only accepts if its configuration lists them. */
export const statusesUnknownToGo: readonly BuiltInStatus[] = ['in_review', 'failed', 'staged_ready', 'staged_warnings'];
export const typesUnknownToGo: readonly BuiltInType[] = [
  'issue',
  'merge_request',
  'convoy',
  'escalation',
  'message',
  'molecule',
  'gate',
  'agent',
  'role',
  'rig',
];

const knownStatuses: ReadonlySet<string> = new Set(builtInStatuses);
const knownTypes: ReadonlySet<string> = new Set(builtInTypes);
const typeAliases: Readonly<Record<string, BuiltInType>> = {
  mr: 'merge_request',
  mol: 'molecule',
  feat: 'feature',
  enhancement: 'feature',
};

/** Converts the spelling of a type in files of other tools to ours, such as `merge-request`. */
export function canonicalType(type: string): BeadType {
  const spelled = type.replaceAll('-', '_');
  return beadType(knownTypes.has(spelled) ? spelled : type);
}

export function canonicalStatus(status: string): BeadStatus {
  const spelled = status.replaceAll('-', '_');
  return beadStatus(knownStatuses.has(spelled) ? spelled : status);
}

/** Parses a type as typed by a user, including short forms. */
export function typeFromInput(type: string): BeadType {
  const lower = type.trim();
  return Object.hasOwn(typeAliases, lower) ? typeAliases[lower]! : canonicalType(lower);
}

const text = z.string().nullish();
const flag = z.boolean().nullish();

const dependency = z.looseObject({
  issue_id: z.string(),
  depends_on_id: z.string(),
  type: z.string(),
  created_at: text,
  created_by: text,
});
const comment = z.looseObject({
  id: z.union([z.number(), z.string()]).nullish(),
  issue_id: text,
  author: text,
  text: z.string(),
  created_at: text,
});

/** Schema of a line that counts as a bead. Only fields that the program reads are checked. */
export const beadSchema = z.looseObject({
  id: z.string().min(1).max(200),
  title: z.string(),
  description: text,
  design: text,
  acceptance_criteria: text,
  notes: text,
  status: text,
  priority: z.number().nullish(),
  issue_type: text,
  assignee: text,
  owner: text,
  created_at: text,
  created_by: text,
  updated_at: text,
  closed_at: text,
  close_reason: text,
  defer_until: text,
  external_ref: text,
  labels: z.array(z.string()).nullish(),
  dependencies: z.array(dependency).nullish(),
  comments: z.array(comment).nullish(),
  deleted_at: text,
  ephemeral: flag,
  pinned: flag,
  is_template: flag,
});
