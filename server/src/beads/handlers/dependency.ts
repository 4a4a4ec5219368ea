import { dependencyType, type Bead, type TreeNode } from '../../protocol/bead';
import { DependencyAdd, DependencyRemove, DependencyTree, RelationChange } from '../../protocol/dependency';
import { UserError } from '../../base/errors';
import { isExternal } from '../external/reference';
import { compareTimes } from '../model/time';
import type { BeadService } from './common';
import type { BeadStore, Transaction } from '../store';
import { metaOf, resolveOne } from './common';

const defaultDepth = 50;
const NO_TIME = '0001-01-01T00:00:00Z';

export function registerDependencyHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(DependencyAdd.spec, async (params, context) => {
    const from = resolveOne(service, context, params.from, params.ledger);
    const to = isExternal(params.to) ? params.to : resolveOne(service, context, params.to, params.ledger);
    const type = dependencyType(params.type ?? 'blocks');
    const edge = await store.batch(metaOf(context), (tx) => tx.addDependency(from, to, type));
    if (isExternal(to)) await store.externals.refresh(); // so that the next query sees the state of the dependency
    return edge;
  });
  dispatcher.on(DependencyRemove.spec, async (params, context) => {
    const from = resolveOne(service, context, params.from, params.ledger);
    // The target of the dependency may be gone from its ledger, and the dependency must still be removable.
    const listed = store.get(from)?.dependencies?.some((edge) => edge.depends_on_id === params.to) ?? false;
    const to = listed || isExternal(params.to) ? params.to : resolveOne(service, context, params.to, params.ledger);
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
    const { maxDepth = defaultDepth, direction = 'down', allPaths = false } = params;
    const part = (way: Way): TreeNode[] => (allPaths ? everyPath : shortestPaths)(store, id, maxDepth, way);
    if (direction !== 'both') return part(direction);
    // The beads that need this one, the furthest first; then the bead and those that it needs.
    const [above, below] = [part('up').slice(1).reverse(), part('down')];
    return allPaths ? [...above, ...below] : nearestOf([...above, ...below]);
  });
}

/** `down`: the beads that a bead needs, which are its dependencies and its children. `up`: the beads that need it. */
type Way = 'down' | 'up';

/** Each bead once, at its smallest depth; the nearest ones first. */
function shortestPaths(store: BeadStore, root: string, maxDepth: number, way: Way): TreeNode[] {
  const start = store.get(root);
  const nodes: TreeNode[] = start ? [{ ...start, depth: 0, parent_id: root, truncated: false }] : [];
  const seen = new Set([root]);
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index]!;
    const next = neighbours(store, node, way).filter(({ id }) => !seen.has(id));
    node.truncated = node.depth >= maxDepth && next.length > 0;
    for (const bead of node.truncated ? [] : next) {
      if (seen.has(bead.id)) continue;
      seen.add(bead.id);
      nodes.push({ ...bead, depth: node.depth + 1, parent_id: node.id, truncated: false });
    }
  }
  return nodes;
}

/** Each bead once: it may be both above and below the root. */
function nearestOf(nodes: readonly TreeNode[]): TreeNode[] {
  const best = new Map<string, TreeNode>();
  for (const node of nodes) if (node.depth < (best.get(node.id)?.depth ?? Infinity)) best.set(node.id, node);
  return nodes.filter((node) => best.get(node.id) === node);
}

/** Each bead as often as it is reached, in tree order; only its first occurrence is expanded. */
function everyPath(store: BeadStore, root: string, maxDepth: number, way: Way): TreeNode[] {
  const nodes: TreeNode[] = [];
  const followed = new Set<string>();
  const visit = (bead: Bead, depth: number, parent: string): void => {
    const next = followed.has(bead.id) ? [] : neighbours(store, bead, way);
    followed.add(bead.id);
    const truncated = depth >= maxDepth && next.length > 0;
    nodes.push({ ...bead, depth, parent_id: parent, truncated });
    if (!truncated) for (const neighbour of next) visit(neighbour, depth + 1, bead.id);
  };
  const start = store.get(root);
  if (start) visit(start, 0, root);
  return nodes;
}

function neighbours(store: BeadStore, bead: Bead, way: Way): Bead[] {
  const needed = store.dependencies(bead.id).filter((other) => !isChildEdge(bead, other.id));
  const needing = store.dependents(bead.id).filter((other) => !isChildEdge(other, bead.id));
  const parents = store.dependencies(bead.id, 'parent-child');
  if (way === 'up') return [...needing.sort(byUrgency), ...parents];
  return [...needed, ...store.children(bead.id), ...externalBeads(store, bead)];
}

function byUrgency(a: Bead, b: Bead): number {
  return a.priority - b.priority || compareTimes(a.created_at, b.created_at) || (a.id < b.id ? -1 : 1);
}

/** External dependencies of a bead, represented as beads. */
function externalBeads(store: BeadStore, bead: Bead): Bead[] {
  const ids = (bead.dependencies ?? []).map((edge) => edge.depends_on_id).filter(isExternal);
  return ids.map((id) => {
    const { state, bead: found } = store.externals.stateOf(id);
    const name = found?.title ?? id.slice(Math.max(id.lastIndexOf(':'), id.lastIndexOf('/')) + 1);
    return {
      id,
      title: `${state === 'met' ? '✓' : '⏳'} ${name}`,
      status: state === 'met' ? 'closed' : 'blocked',
      priority: 0,
      issue_type: 'task',
      created_at: NO_TIME,
      updated_at: NO_TIME,
    };
  });
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
