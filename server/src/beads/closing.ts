import { UserError } from '../base/errors';
import type { Bead } from '../protocol/bead';
import { childrenOf, descendantsOf, isFinished, openBlockers, parentsOf, type Graph } from './blocking';

/** The guards of closing a bead. A template is never closed; the others give way to `force`. */
export function checkClose(graph: Graph, bead: Bead, force: boolean, now: Date): void {
  const { id } = bead;
  if (bead.is_template) {
    throw new UserError(`cannot modify template ${id}: templates are read-only; use 'bd mol pour' to create a work item`, undefined, 'refused');
  }
  if (force) return;
  const refuse = (reason: string): never => {
    throw new UserError(`${reason} (use --force to override)`, undefined, 'refused');
  };
  if (bead.pinned || bead.status === 'pinned') refuse(`cannot modify pinned issue ${id}`);
  const blockers = openBlockers(graph, bead);
  if (blockers.length > 0) refuse(`cannot close ${id}: blocked by open issues [${blockers.join(' ')}]`);
  if (bead.issue_type === 'epic') {
    const open = childrenOf(graph, id).filter((child) => !isFinished(child));
    if (open.length > 0) {
      throw new UserError(
        `cannot close epic ${id}: ${open.length} open child issue(s); close children first or use --force to override`, undefined, 'refused');
    }
  }
  const unmet = unmetGate(graph, bead, now);
  if (unmet) refuse(`cannot close ${id}: gate condition not satisfied: ${unmet}`);
}

/** Why a gate that this program can check itself must stay shut. Gates on other services are closed by who asked them. */
function unmetGate(graph: Graph, bead: Bead, now: Date): string | undefined {
  if (bead.issue_type !== 'gate') return undefined;
  if (bead.await_type === 'timer' && typeof bead.timeout === 'number') {
    const end = Date.parse(bead.created_at) + bead.timeout / 1e6;
    return end > now.getTime() ? `timer ends at ${new Date(end).toISOString()}` : undefined;
  }
  if (bead.await_type === 'bead' && typeof bead.await_id === 'string') {
    const awaited = bead.await_id.slice(bead.await_id.indexOf(':') + 1);
    const target = graph.get(awaited);
    return target && isFinished(target) ? undefined : `${awaited} is not closed`;
  }
  return undefined;
}

/** The molecule that this bead was the last open step of: it closes with it. Ordinary epics stay open. */
export function autoCloseRoot(graph: Graph, closed: Bead): Bead | undefined {
  const root = rootOf(graph, closed);
  if (!root || isFinished(root) || !(root.issue_type === 'molecule' || root.ephemeral)) return undefined;
  return descendantsOf(graph, root.id).every(isFinished) ? root : undefined;
}

function rootOf(graph: Graph, bead: Bead): Bead | undefined {
  const seen = new Set([bead.id]);
  let root: Bead | undefined;
  for (let parent = parentsOf(bead)[0]; parent !== undefined && !seen.has(parent);) {
    seen.add(parent);
    root = graph.get(parent) ?? root;
    const next = graph.get(parent);
    parent = next && parentsOf(next)[0];
  }
  return root;
}
