import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { childrenOf, descendantsOf, isFinished, openBlockers, type Graph } from '../index/blocking';
import { above, MOLECULE } from './molecule';

/** Checks that a bead may be closed. A template never may; `force` overrides the other checks. */
export function checkClose(graph: Graph, bead: Bead, force: boolean, now: Date): void {
  const { id } = bead;
  if (bead.is_template) {
    throw new UserError(
      `cannot modify template ${id}: templates are read-only; use 'bd mol pour' to create a work item`,
      undefined,
      'refused',
    );
  }
  if (force) return;
  const refuse = (reason: string): never => {
    throw new UserError(`${reason} (use --force to override)`, undefined, 'refused');
  };
  if (bead.pinned || bead.status === 'pinned') refuse(`cannot modify pinned issue ${id}`);
  const blockers = openBlockers(graph, bead);
  if (blockers.length > 0) refuse(`cannot close ${id}: blocked by open issues [${blockers.join(' ')}]`);
  if (bead.issue_type === 'epic' || bead.issue_type === MOLECULE) {
    const open = childrenOf(graph, id).filter((child) => !isFinished(child));
    if (open.length > 0) {
      throw new UserError(
        `cannot close ${bead.issue_type} ${id}: ${open.length} open child issue(s); close children first or use --force to override`,
        undefined,
        'refused',
      );
    }
  }
  const unmet = unmetGate(graph, bead, now);
  if (unmet) refuse(`cannot close ${id}: gate condition not satisfied: ${unmet}`);
}

/**
 * Why a gate with a condition that this program can check must stay closed. Gates on other services are opened by their
 * requester.
 */
function unmetGate(graph: Graph, bead: Bead, now: Date): string | undefined {
  const end = gateOpensAt(graph, bead);
  if (end === undefined || end <= now.getTime()) return undefined;
  return end === Infinity ? `${awaitedBead(bead)} is not closed` : `timer ends at ${new Date(end).toISOString()}`;
}

/**
 * When a gate opens automatically, in milliseconds since 1970: the end of its timer, or the past once the bead that it
 * waits for is closed (Infinity before). Undefined for gates that are opened in another way.
 */
export function gateOpensAt(graph: Pick<Graph, 'get'>, bead: Bead): number | undefined {
  if (bead.issue_type !== 'gate') return undefined;
  if (bead.await_type === 'timer' && typeof bead.timeout === 'number')
    return Date.parse(bead.created_at) + bead.timeout / 1e6;
  const awaited = awaitedBead(bead);
  if (awaited === undefined) return undefined;
  const target = graph.get(awaited);
  return target && isFinished(target) ? 0 : Infinity;
}

function awaitedBead(bead: Bead): string | undefined {
  if (bead.await_type !== 'bead' || typeof bead.await_id !== 'string') return undefined;
  return bead.await_id.slice(bead.await_id.indexOf(':') + 1);
}

/** Whether only a person may open this gate. */
export function isHumanGate(bead: Bead): boolean {
  return bead.issue_type === 'gate' && bead.await_type === 'human';
}

/**
 * The bead that closes together with this one: a container within a molecule whose last part it was, or the molecule
 * (or wisp) whose last step it was. Ordinary epics stay open.
 */
export function autoCloseRoot(graph: Graph, closed: Bead): Bead | undefined {
  const ancestors = above(graph, closed);
  const root = ancestors.find((ancestor) => ancestor.issue_type === MOLECULE) ?? ancestors.at(-1);
  if (!root || isFinished(root) || !(root.issue_type === MOLECULE || root.ephemeral)) return undefined;
  const container = ancestors[0];
  if (container && container !== root && !isFinished(container) && childrenOf(graph, container.id).every(isFinished))
    return container;
  return descendantsOf(graph, root.id).every(isFinished) ? root : undefined;
}
