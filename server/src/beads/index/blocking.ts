import { isExternal } from '../external/reference';
import { blockingDependencyTypes, type Bead, type Dependency } from '../../protocol/bead';

/** Input of the rules about dependencies: the durable state, or a batch's view of it. */
export interface Graph {
  get(id: string): Bead | undefined;
  /** Beads with a dependency on this one. */
  dependents(id: string): { bead: Bead; edge: Dependency }[];
  /** True if the id's prefix belongs to a ledger that is currently open. */
  knows(id: string): boolean;
  /** Whether a reference to another project (`isExternal`) has a target that is not done. */
  waitsForExternal(reference: string): boolean;
}

/**
 * Dependencies that keep a bead from being ready. Among them, `parent-child` only passes on the blocked state of the
 * parent.
 */
export const blockingTypes: ReadonlySet<string> = new Set(blockingDependencyTypes);

/** Finished: neither blocks nor can be blocked. */
export function isFinished(bead: Bead): boolean {
  return bead.status === 'closed' || bead.status === 'tombstone';
}

const failureWords =
  /\b(?:fail(?:ed|ure|s)?|reject(?:ed)?|abort(?:ed)?|cancel(?:l?ed)?|wont?[ -]?fix|won't fix|timed? ?out|error(?:ed)?|abandoned|blocked)\b/i;

/** Whether the close reason states a failure, which is the condition of `conditional-blocks`. */
export function closedByFailure(bead: Bead): boolean {
  return bead.status === 'closed' && failureWords.test(bead.close_reason ?? '');
}

/** Beads are never changed in place, so cached parents stay valid. */
const knownParents = new WeakMap<Bead, readonly string[]>();

const none: readonly string[] = [];

export function parentsOf(bead: Bead): readonly string[] {
  if (!bead.dependencies) return none; // most beads: nothing is cached for them
  let parents = knownParents.get(bead);
  if (!parents) {
    const edges = (bead.dependencies ?? []).filter((edge) => edge.type === 'parent-child');
    parents = edges.map((edge) => edge.depends_on_id);
    knownParents.set(bead, parents);
  }
  return parents;
}

const knownEdges = new WeakMap<Bead, Map<string, Dependency[]>>();

/**
 * Dependencies of a bead on another one. Called once per dependency of a bead, so it must be cheap for beads with many.
 */
export function edgesTo(bead: Bead, target: string): readonly Dependency[] {
  const dependencies = bead.dependencies ?? [];
  if (dependencies.length < 8) return dependencies.filter((edge) => edge.depends_on_id === target);
  let edges = knownEdges.get(bead);
  if (!edges) {
    edges = new Map();
    for (const edge of dependencies) edges.set(edge.depends_on_id, [...(edges.get(edge.depends_on_id) ?? []), edge]);
    knownEdges.set(bead, edges);
  }
  return edges.get(target) ?? [];
}

export function parentOf(bead: Bead): string | undefined {
  return parentsOf(bead)[0];
}

export function childrenOf(graph: Graph, id: string): Bead[] {
  return graph
    .dependents(id)
    .filter(({ edge }) => edge.type === 'parent-child')
    .map(({ bead }) => bead);
}

/** All descendants by `parent-child`, each once, nearest first. */
export function descendantsOf(graph: Graph, id: string): Bead[] {
  const found = new Map<string, Bead>();
  for (let level = [id]; level.length > 0; ) {
    const next = level
      .flatMap((parent) => childrenOf(graph, parent))
      .filter((bead) => !found.has(bead.id) && bead.id !== id);
    for (const bead of next) found.set(bead.id, bead);
    level = [...new Set(next.map((bead) => bead.id))];
  }
  return [...found.values()];
}

interface WaitsFor {
  spawner: string;
  gate: 'all-children' | 'any-children';
}

/** Parses the settings of a `waits-for` dependency, which are a string of JSON. */
export function waitsFor(edge: Dependency): WaitsFor {
  let settings: { gate?: unknown; spawner_id?: unknown } = {};
  try {
    const parsed: unknown = typeof edge.metadata === 'string' ? JSON.parse(edge.metadata) : edge.metadata;
    if (typeof parsed === 'object' && parsed !== null) settings = parsed;
  } catch {
    // Unreadable settings mean the defaults.
  }
  return {
    spawner:
      typeof settings.spawner_id === 'string' && settings.spawner_id !== '' ? settings.spawner_id : edge.depends_on_id,
    gate: settings.gate === 'any-children' ? 'any-children' : 'all-children',
  };
}

/**
 * Whether this dependency blocks the bead. A `blocks` target blocks unless it is closed or deleted: `failed`,
 * `in_review`, staged and all other states block. A missing target of an open ledger does not block; one in a ledger
 * that is not open does, because its state is unknown.
 */
export function edgeBlocks(graph: Graph, edge: Dependency): boolean {
  if (edge.type === 'waits-for') return waitsForBlocks(graph, edge);
  if (edge.type !== 'blocks' && edge.type !== 'conditional-blocks') return false;
  if (isExternal(edge.depends_on_id)) return graph.waitsForExternal(edge.depends_on_id);
  const target = graph.get(edge.depends_on_id);
  if (!target) return !graph.knows(edge.depends_on_id);
  if (edge.type === 'blocks') return !isFinished(target);
  return target.status !== 'tombstone' && !closedByFailure(target);
}

function waitsForBlocks(graph: Graph, edge: Dependency): boolean {
  const { spawner, gate } = waitsFor(edge);
  if (isExternal(spawner)) return graph.waitsForExternal(spawner);
  if (!graph.get(spawner)) return !graph.knows(spawner);
  const children = childrenOf(graph, spawner).filter((child) => child.status !== 'tombstone');
  if (gate === 'any-children') return !children.some((child) => child.status === 'closed');
  return children.some((child) => child.status !== 'closed');
}

/** Ids of the beads that the bead itself waits for, without those inherited from its parent. */
export function openBlockers(graph: Graph, bead: Bead): string[] {
  if (isFinished(bead)) return [];
  const open = (bead.dependencies ?? []).filter((edge) => edgeBlocks(graph, edge));
  return [...new Set(open.map((edge) => edge.depends_on_id))];
}

/** Cache, for one state of a graph: whether beads are blocked themselves, by id. */
export type KnownWaiting = Map<string, boolean>;

/** Whether the bead itself is blocked, apart from its parent. */
export function isWaiting(graph: Graph, bead: Bead, known?: KnownWaiting): boolean {
  let waiting = known?.get(bead.id);
  if (waiting === undefined) {
    waiting = !isFinished(bead) && (bead.dependencies ?? []).some((edge) => edgeBlocks(graph, edge));
    known?.set(bead.id, waiting);
  }
  return waiting;
}

/** The nearest ancestor that is blocked itself, whose state the bead inherits. */
export function blockedAncestor(graph: Graph, bead: Bead, known?: KnownWaiting): Bead | undefined {
  const seen = new Set([bead.id]);
  for (let level = parentsOf(bead); level.length > 0; ) {
    const parents = level
      .filter((id) => !seen.has(id))
      .map((id) => graph.get(id))
      .filter((parent) => parent !== undefined);
    const open = parents.filter((parent) => !isFinished(parent));
    const blocked = open.find((parent) => isWaiting(graph, parent, known));
    if (blocked) return blocked;
    for (const parent of parents) seen.add(parent.id);
    level = open.flatMap(parentsOf);
  }
  return undefined;
}

/**
 * Whether the bead or an ancestor is blocked. @param known cache for queries about many beads of one state: children
 * repeat the query of their parent
 */
export function isBlocked(graph: Graph, bead: Bead, known?: KnownWaiting): boolean {
  return !isFinished(bead) && (isWaiting(graph, bead, known) || blockedAncestor(graph, bead, known) !== undefined);
}

/** Beads that may have become ready when this one changed: those that wait for it or for all children of its parent. */
export function watchersOf(graph: Graph, bead: Bead): Bead[] {
  const direct = graph
    .dependents(bead.id)
    .filter(({ edge }) => edge.type !== 'parent-child' && blockingTypes.has(edge.type));
  const siblings = parentsOf(bead).flatMap((parent) =>
    graph.dependents(parent).filter(({ edge }) => edge.type === 'waits-for'),
  );
  return [...new Map([...direct, ...siblings].map(({ bead: watcher }) => [watcher.id, watcher])).values()];
}
