import type { Bead } from '../../protocol/bead';
import type { BoardState } from '../../protocol/board';
import { MOLECULE, ATTACHED_TO } from '../model/molecule';
import { toMicroseconds } from '../model/time';
import { isBlocked, isFinished, parentsOf, type Graph, type KnownWaiting } from './blocking';

/** Beads that are records, roles or containers: they are not workable. */
export const notWork: readonly string[] = [
  'merge_request',
  'gate',
  'molecule',
  'message',
  'agent',
  'role',
  'rig',
  'convoy',
  'escalation',
  'event',
];

/** Derived state that the index stores with a bead: it follows from the bead and those around it. */
export interface DerivedState {
  /** The bead waits for another one, or an ancestor does. */
  blocked: boolean;
  /** State of work: `ready` has exactly the meaning of `bd ready`. */
  state: BoardState;
  /** Microseconds since 1970 at which `state` changes with time, or `NEVER`; undefined if the bead is not deferred. */
  due: number | undefined;
  /** Whether the bead is a step of an unfinished molecule; `attached`: of one that is attached to a bead. */
  step: 'none' | 'free' | 'attached';
  /** Place in the tree of epics: the root of a tree, a single bead, or neither. */
  top: 'epic' | 'loose' | undefined;
  /** Whether the bead is workable: no record, role, wisp, template or deleted bead. */
  isWork: boolean;
}

/**
 * Computes the derived state of a bead; no other code does.
 * @param now microseconds since 1970
 * @param known cache for this state of the graph
 */
export function derivedStateOf(graph: Graph, bead: Bead, now: number, known?: KnownWaiting): DerivedState {
  const blocked = isBlocked(graph, bead, known);
  const step = stepOf(graph, bead);
  const until = deferredUntil(graph, bead).filter((time) => time > now);
  return {
    blocked,
    state: stateOf(bead, { blocked, step, isDeferred: until.length > 0 }),
    due: until.length > 0 ? Math.min(...until) : undefined,
    step,
    top: topOf(graph, bead),
    isWork:
      bead.ephemeral !== true &&
      bead.is_template !== true &&
      bead.status !== 'tombstone' &&
      !notWork.includes(bead.issue_type),
  };
}

function stateOf(bead: Bead, facts: { blocked: boolean; step: DerivedState['step']; isDeferred: boolean }): BoardState {
  switch (bead.status) {
    case 'closed':
      return 'closed';
    case 'failed':
      return 'failed';
    case 'in_review':
      return 'in_review';
    case 'hooked':
    case 'in_progress':
      return 'in_progress';
  }
  const isOpen = bead.status === 'open' || (bead.status === 'deferred' && bead.defer_until !== undefined);
  const isFree = !facts.blocked && facts.step !== 'attached' && bead.pinned !== true;
  const canBeTaken = bead.ephemeral !== true && bead.is_template !== true && !notWork.includes(bead.issue_type);
  if (isOpen && isFree && canBeTaken && !facts.isDeferred) return 'ready';
  return facts.isDeferred ? 'deferred' : 'blocked';
}

/** Marks a bead that is deferred without an end. Microseconds since 1970. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** Times until which the bead, or an ancestor of it, is deferred: microseconds since 1970. */
function deferredUntil(graph: Graph, bead: Bead): number[] {
  return withAncestors(graph, bead).flatMap((each) => ownDeferral(each) ?? []);
}

/** The bead itself, or the nearest ancestor, that is deferred at a time. @param now microseconds since 1970 */
export function deferringBead(graph: Graph, bead: Bead, now: number): Bead | undefined {
  return withAncestors(graph, bead).find((each) => (ownDeferral(each) ?? 0) > now);
}

function ownDeferral(bead: Bead): number | undefined {
  return toMicroseconds(bead.defer_until) ?? (bead.status === 'deferred' ? NEVER : undefined);
}

/** A bead and its ancestors, the nearest first. As with blocking, a finished parent passes on nothing. */
function withAncestors(graph: Graph, bead: Bead): Bead[] {
  const found = [bead];
  if (parentsOf(bead).length === 0) return found;
  const seen = new Set([bead.id]);
  for (let level = [bead]; level.length > 0; ) {
    const parents = [...new Set(level.flatMap(parentsOf))].filter((id) => !seen.has(id));
    for (const id of parents) seen.add(id);
    level = parents.flatMap((id) => graph.get(id) ?? []).filter((parent) => !isFinished(parent));
    found.push(...level);
  }
  return found;
}

/** The molecule itself counts as one of its steps. */
function stepOf(graph: Graph, bead: Bead): DerivedState['step'] {
  if (bead.issue_type !== MOLECULE && parentsOf(bead).length === 0) return 'none';
  let found: DerivedState['step'] = 'none';
  const seen = new Set<string>();
  for (let level: Bead[] = [bead]; level.length > 0; ) {
    for (const each of level) {
      seen.add(each.id);
      if (each.issue_type !== MOLECULE || isFinished(each)) continue;
      if ((each.dependencies ?? []).some((edge) => edge.type === ATTACHED_TO)) return 'attached';
      found = 'free';
    }
    level = level
      .flatMap(parentsOf)
      .filter((id) => !seen.has(id))
      .flatMap((id) => graph.get(id) ?? []);
  }
  return found;
}

function topOf(graph: Graph, bead: Bead): DerivedState['top'] {
  if (parentsOf(bead).some((id) => isThere(graph.get(id)))) return undefined;
  if (bead.issue_type === 'epic' || hasChild(graph, bead.id)) return 'epic';
  return bead.status === 'closed' ? undefined : 'loose';
}

function hasChild(graph: Graph, id: string): boolean {
  return graph.dependents(id).some(({ bead, edge }) => edge.type === 'parent-child' && isThere(bead));
}

function isThere(bead: Bead | undefined): boolean {
  return bead !== undefined && bead.status !== 'tombstone';
}
