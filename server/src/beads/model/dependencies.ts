import { UserError } from '../../base/errors';
import { dependencyType, type Bead, type Dependency, type DependencyType } from '../../protocol/bead';
import { isExternal, parseReference } from '../external/reference';
import { blockingTypes, type Graph } from '../index/blocking';

const containers = new Set(['epic', 'molecule', 'convoy']);

/** Parses the type in `--deps type:id`. `swap`: the other bead depends on the new one. */
export function dependencyFromInput(type: string): { type: DependencyType; swap: boolean } {
  const word = type.trim();
  if (word === '' || word === 'blocked-by' || word === 'depends-on') return { type: 'blocks', swap: false };
  return { type: dependencyType(word), swap: word === 'blocks' };
}

/**
 * Checks that a dependency may be added.
 * @returns the same dependency, if it exists already
 */
export function checkNewDependency(graph: Graph, from: Bead, to: string, type: DependencyType): Dependency | undefined {
  if (type.trim() === '' || type.length > 50) {
    throw new UserError(`invalid dependency type: ${JSON.stringify(type)} (must be non-empty string, max 50 chars)`);
  }
  if (from.id === to) throw new UserError('issue cannot depend on itself');
  if (isExternal(to)) {
    parseReference(to);
    if (type === 'parent-child')
      throw new UserError(`${to} cannot be a parent`, 'A bead of another project can only be depended on.');
  }
  const target = graph.get(to);
  if ((!target || target.status === 'tombstone') && !isExternal(to)) {
    throw new UserError(`dependency target ${to} not found`, undefined, 'not-found');
  }
  // Two beads may have dependencies of several types between them.
  const existing = from.dependencies?.find((edge) => edge.depends_on_id === to && edge.type === type);
  if (existing) return existing;
  if (type === 'parent-child' && target && from.issue_type === 'epic' && !containers.has(target.issue_type)) {
    throw new UserError(
      `invalid parent-child dependency: parent (${from.id}) cannot depend on child (${to}). Use: bd dep add ${to} ${from.id} --type parent-child`,
    );
  }
  if (blockingTypes.has(type)) {
    const cycle = pathBetween(graph, to, from.id);
    if (cycle) throw new UserError(`cannot add dependency: would create a cycle (${[from.id, ...cycle].join(' → ')})`);
  }
  return undefined;
}

/** Ids from `start` to `goal` along blocking dependencies, both included; undefined if there is no path. */
export function pathBetween(graph: Graph, start: string, goal: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]]);
  const open = [start];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    if (current === goal) {
      const path: string[] = [];
      for (let step: string | undefined = goal; step !== undefined; step = cameFrom.get(step)) path.unshift(step);
      return path;
    }
    for (const edge of graph.get(current)?.dependencies ?? []) {
      if (!blockingTypes.has(edge.type) || cameFrom.has(edge.depends_on_id)) continue;
      cameFrom.set(edge.depends_on_id, current);
      open.push(edge.depends_on_id);
    }
  }
  return undefined;
}
