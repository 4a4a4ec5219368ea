/**
 * Statuses, types of beads, types of dependencies and types of events. Each is a union of the built-in ones and of
 * custom ones: a ledger's settings add statuses and types, and files of other tools have spellings of their own, which
 * are kept. A custom one is branded, so that a misspelled built-in one does not compile.
 */
declare const custom: unique symbol;
type Custom<Kind extends string> = string & { readonly [custom]: Kind };

export const builtInStatuses = [
  'open',
  'in_progress',
  'hooked',
  'in_review',
  'blocked',
  'deferred',
  'pinned',
  'closed',
  'failed',
  'staged_ready',
  'staged_warnings',
  'tombstone',
] as const;
export type BuiltInStatus = (typeof builtInStatuses)[number];
export type BeadStatus = BuiltInStatus | Custom<'status'>;

export const builtInTypes = [
  'task',
  'bug',
  'feature',
  'chore',
  'epic',
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
  'event',
] as const;
export type BuiltInType = (typeof builtInTypes)[number];
export type BeadType = BuiltInType | Custom<'type'>;

/**
 * Dependencies that keep a bead from being ready. Among them, `parent-child` only passes on the blocked state of the
 * parent.
 */
export const blockingDependencyTypes = ['blocks', 'conditional-blocks', 'waits-for', 'parent-child'] as const;
export const builtInDependencyTypes = [
  ...blockingDependencyTypes,
  'related',
  'discovered-from',
  'duplicates',
  'supersedes',
  'tracks',
  'attached-to',
] as const;
export type BuiltInDependencyType = (typeof builtInDependencyTypes)[number];
export type DependencyType = BuiltInDependencyType | Custom<'dependency'>;

/** Types of events in the audit trail. */
export const builtInEventTypes = [
  // beads
  'created',
  'imported',
  'updated',
  'assigned',
  'status_changed',
  'closed',
  'reopened',
  'deleted',
  'commented',
  'label_added',
  'label_removed',
  'dependency_added',
  'dependency_removed',
  'ledger_merged',
  // dispatch and sessions
  'sling_requested',
  'slung',
  'start_postponed',
  'session_started',
  'session_died',
  'died_young',
  'nudged',
  'silent_nudge',
  'silent_restart',
  'silent_mayor',
  'silent_person',
  'handed_off',
  'done',
  'attempt_failed',
  'failed',
  'nuked',
  'restored',
  // review and merge
  'review_requested',
  'review_started',
  'review_unanswered',
  'review_answered',
  'review_approved',
  'review_rejected',
  'review_reopened',
  'resubmitted',
  'merge_started',
  'merge_postponed',
  'pull_request_opened',
  'pull_request_closed',
  'merge_withdrawn',
  'gate_passed',
  'gate_failed',
  'landed_directly',
  'merged',
  // the town, convoys, molecules, the Mayor, mail, escalations, crew
  'town_up',
  'town_down',
  'convoy_staged',
  'convoy_created',
  'convoy_launched',
  'convoy_paused',
  'convoy_resumed',
  'convoy_closed',
  'convoy_changed',
  'convoy_reopened',
  'convoy_landed',
  'landing_requested',
  'landing_rejected',
  'feature_landed',
  'molecule_attached',
  'molecule_restarted',
  'plan_ready',
  'mayor_asked',
  'mayor_unanswered',
  'mail_sent',
  'escalated',
  'escalation_acked',
  'crew_added',
  'crew_removed',
] as const;
export type BuiltInEventType = (typeof builtInEventTypes)[number];
export type EventType = BuiltInEventType | Custom<'event'>;

/** A status as a file or a person spells it: one of the built-in ones or a custom one. */
export function beadStatus(text: string): BeadStatus {
  return text as BeadStatus;
}

/** A type of bead as a file or a person spells it. */
export function beadType(text: string): BeadType {
  return text as BeadType;
}

/** A type of event as it is spelled in a file. */
export function eventType(text: string): EventType {
  return text as EventType;
}

/** A type of dependency as a file or a person spells it. */
export function dependencyType(text: string): DependencyType {
  return text as DependencyType;
}

/** Purposes of molecules. */
export const moleculeTypes = ['swarm', 'patrol', 'work'] as const;

/** Purposes of wisps. */
export const wispTypes = ['heartbeat', 'ping', 'patrol', 'gc_report', 'recovery', 'error', 'escalation'] as const;

/** Conditions of gates. */
export const awaitTypes = ['human', 'timer', 'bead', 'gh:run', 'gh:pr', 'mail'] as const;
