import { dependencyType, type Bead, type TreeNode } from '../../protocol/bead';
import { DependencyAdd, DependencyRemove, DependencyTree, RelationChange } from '../../protocol/dependency';
import { UserError } from '../../base/errors';
import { isExternal } from '../model/dependencies';
import type { BeadService } from './common';
import type { BeadStore, Transaction } from '../store';
import { metaOf, resolveOne } from './common';

const defaultDepth = 50;

export function registerDependencyHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(DependencyAdd.spec, async (params, context) => {
    const from = resolveOne(service, context, params.from, params.ledger);
    const to = isExternal(params.to) ? params.to : resolveOne(service, context, params.to, params.ledger);
    return store.batch(metaOf(context), (tx) => tx.addDependency(from, to, dependencyType(params.type ?? 'blocks')));
  });
  dispatcher.on(DependencyRemove.spec, async (params, context) => {
    const from = resolveOne(service, context, params.from, params.ledger);
    // What it depends on may be gone from its ledger, and the dependency must still be removable.
    const listed = store.get(from)?.dependencies?.some((edge) => edge.depends_on_id === params.to) ?? false;
    const to = listed ? params.to : resolveOne(service, context, params.to, params.ledger);
    return store.batch(metaOf(context), (tx) => {
      tx.removeDependency(from, to, params.type);
      return { issue_id: from, depends_on_id: to };
    });
  });
  dispatcher.on(RelationChange.spec, async (params, context) => {
    const id1 = resolveOne(service, context, params.a, params.ledger);
    const id2 = resolveOne(service, context, params.b, params.ledger);
    if (id1 === id2) throw new UserError('cannot relate an issue to itself');
    return store.batch(metaOf(context), (tx) => {
      for (const [from, to] of [
        [id1, id2],
        [id2, id1],
      ] as const) {
        if (params.change === 'add') tx.addDependency(from, to, dependencyType('relates-to'));
        else removeLink(tx, from, to);
      }
      return { id1, id2 };
    });
  });
  dispatcher.on(DependencyTree.spec, async (params, context) => {
    const id = resolveOne(service, context, params.id, params.ledger);
    const depth = params.maxDepth ?? defaultDepth;
    const direction = params.direction ?? 'down';
    if (direction !== 'both') return tree(store, id, depth, direction);
    return [...tree(store, id, depth, 'down'), ...tree(store, id, depth, 'up').slice(1)];
  });
}

/**
 * Down: what a bead needs, that is, its dependencies and its children. Up: what needs it.
 * A bead that comes up again is shown again but not followed twice.
 */
function tree(store: BeadStore, root: string, maxDepth: number, direction: 'down' | 'up'): TreeNode[] {
  const nodes: TreeNode[] = [];
  const followed = new Set<string>();
  const visit = (bead: Bead, depth: number, parent: string): void => {
    const next = followed.has(bead.id) ? [] : neighbours(store, bead, direction);
    followed.add(bead.id);
    const truncated = depth >= maxDepth && next.length > 0;
    nodes.push({ ...bead, depth, parent_id: parent, truncated });
    if (!truncated) for (const neighbour of next) visit(neighbour, depth + 1, bead.id);
  };
  const start = store.get(root);
  if (start) visit(start, 0, root);
  return nodes;
}

function neighbours(store: BeadStore, bead: Bead, direction: 'down' | 'up'): Bead[] {
  const needed = store.dependencies(bead.id).filter((other) => !isChildEdge(bead, other.id));
  const needing = store.dependents(bead.id).filter((other) => !isChildEdge(other, bead.id));
  const parents = store.dependencies(bead.id, 'parent-child');
  return direction === 'down' ? [...needed, ...store.children(bead.id)] : [...needing, ...parents];
}

function isChildEdge(from: Bead, to: string): boolean {
  return from.dependencies?.some((edge) => edge.depends_on_id === to && edge.type === 'parent-child') ?? false;
}

function removeLink(tx: Transaction, from: string, to: string): void {
  try {
    tx.removeDependency(from, to, 'relates-to');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`failed to remove relates-to ${from} -> ${to}: ${error.message}`, undefined, error.code);
  }
}
