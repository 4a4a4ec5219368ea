import { UserError } from '../../base/errors';
import { isExternal } from '../../beads/external/reference';
import { BeadList, BeadReady, BeadShow, type BeadDetails, type TreeNode } from '../../protocol/bead';
import { DependencyTree } from '../../protocol/dependency';
import type { ExternalDependency } from '../../protocol/beadRecord';
import { treeBranches } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { collect, defined } from './options';

/** `bd dep tree` and `bd dep list`: the dependencies and dependents of a bead. */

const directions = ['down', 'up', 'both'] as const;
type Direction = (typeof directions)[number];

interface TreeOptions {
  maxDepth?: number;
  direction?: Direction;
  reverse?: boolean;
  status?: string[];
  type?: string;
  format?: string;
  showAllPaths?: boolean;
}

export function addDepTree(dep: CliCommand, context: BdContext): void {
  dep
    .command('tree <id>')
    .description('show what a bead depends on (down), what depends on it (up), or both, as a tree')
    .option('-d, --max-depth <depth>', 'how deep', parseDepth)
    .option('--direction <direction>', 'down, up or both', parseDirection)
    .option('--reverse', 'same as --direction up')
    .option('--status <statuses>', 'only beads with this status, and the path to them', collect)
    .option('-t, --type <type>', 'only dependencies of this type')
    .option('--show-all-paths', 'each bead as often as it is reached, not only at its smallest depth')
    .option('--format <format>', 'mermaid: as a flowchart')
    .withHelp({
      examples: [
        ['bd dep tree app-a1b2c', 'everything that it depends on'],
        ['bd dep tree app-a1b2c --direction up --max-depth 2', 'what depends on it, two levels'],
      ],
      see: ['bd dep list', 'bd blocked'],
    })
    .action(async (id: string, options: TreeOptions, invocation: Invocation) => {
      const direction = options.direction ?? (options.reverse ? 'up' : 'down');
      const found = await context.call(invocation, DependencyTree.spec, {
        id,
        direction,
        ...defined({ maxDepth: options.maxDepth, allPaths: options.showAllPaths }),
      });
      const wanted = options.status;
      // Refuses a misspelt status.
      if (wanted) await context.call(invocation, BeadList.spec, { status: wanted, limit: 1 });
      const ofType = options.type === undefined ? found : reachedBy(options.type, found);
      const nodes = wanted ? withWayTo(ofType, (node) => wanted.includes(node.status)) : ofType;
      const root = found.find((node) => node.depth === 0)!;
      if (options.format !== undefined && options.format !== 'mermaid')
        throw new UserError(`unknown format: ${options.format}`, 'Valid: mermaid. For programs there is --json.');
      const isReady =
        direction !== 'up' && root.status === 'open' && !invocation.options.json && !options.format
          ? (await context.call(invocation, BeadReady.spec, { ids: [root.id], limit: 1 })).length > 0
          : false;
      context.print(invocation, nodes.map(plainNode), () =>
        nodes.length === 0
          ? ['', `${root.id} has no ${direction === 'up' ? 'dependents' : 'dependencies'}`]
          : options.format
            ? mermaidLines(nodes)
            : treeLines(root, options.showAllPaths ? nodes : byParent(root, nodes), { direction, isReady }),
      );
    });
}

/** Nodes that satisfy a predicate, with those between them and the root. */
function withWayTo(nodes: readonly TreeNode[], isWanted: (node: TreeNode) => boolean): TreeNode[] {
  const parents = new Map(nodes.map(({ id, parent_id: parent }) => [id, parent]));
  const kept = new Set<string>();
  for (const { id } of nodes.filter(isWanted))
    for (let next: string | undefined = id; next !== undefined && !kept.has(next); next = parents.get(next))
      kept.add(next);
  return nodes.filter(({ id }) => kept.has(id));
}

/** The root, and the nodes that are reached from it by edges of this type alone. */
function reachedBy(type: string, nodes: readonly TreeNode[]): TreeNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const hasEdge = (from: TreeNode | undefined, to: string): boolean =>
    from?.dependencies?.some((edge) => edge.depends_on_id === to && edge.type === type) === true;
  const reached = new Set<string>();
  const isReached = (node: TreeNode): boolean =>
    node.depth === 0 ||
    (reached.has(node.parent_id) && (hasEdge(byId.get(node.parent_id), node.id) || hasEdge(node, node.parent_id)));
  return [...nodes]
    .sort((a, b) => a.depth - b.depth)
    .filter((node) => {
      const isKept = isReached(node);
      if (isKept) reached.add(node.id);
      return isKept;
    });
}

const headings: Readonly<Record<Direction, string>> = {
  down: 'Dependency tree for',
  up: 'Dependent tree for',
  both: 'Full dependency graph for',
};

/** A node without the details that `bd show` prints. */
function plainNode({ dependencies: _edges, comments: _comments, ...node }: TreeNode) {
  return node;
}

/** Nodes in tree order: each one followed by those that were reached through it. */
function byParent(root: TreeNode, nodes: readonly TreeNode[]): TreeNode[] {
  const below = new Map<string, TreeNode[]>();
  for (const node of nodes) if (node !== root) below.set(node.parent_id, [...(below.get(node.parent_id) ?? []), node]);
  const listed = new Set(nodes.map(({ id }) => id));
  // With both directions a bead may be both above and below the root, so only nodes one level further are children.
  const next = (node: TreeNode): TreeNode[] =>
    (below.get(node.id) ?? []).filter(({ depth }) => depth === node.depth + 1);
  const withBelow = (node: TreeNode): TreeNode[] => [node, ...next(node).flatMap(withBelow)];
  // A filter may have removed the parents of these.
  const detached = nodes.filter((node) => node !== root && !listed.has(node.parent_id));
  return [...withBelow(root), ...detached.flatMap(withBelow)];
}

function treeLines(
  root: TreeNode,
  nodes: readonly TreeNode[],
  { direction, isReady }: { direction: Direction; isReady: boolean },
): string[] {
  const branches = treeBranches(nodes.map(({ depth }) => depth));
  const shown = new Set<string>();
  const text = (node: TreeNode): string => {
    if (shown.has(node.id)) return `${oneLine(node.id)} (shown above)`;
    shown.add(node.id);
    return `${nodeText(node)}${node === root && isReady ? ' [READY]' : ''}`;
  };
  const indentation = (node: TreeNode): string => (node.depth === 0 ? '' : '    ');
  return [
    '',
    `🌲 ${headings[direction]} ${root.id}:`,
    '',
    ...nodes.map((node, index) => `${indentation(node)}${branches[index] ?? ''}${text(node)}`),
    '',
  ];
}

function nodeText(node: TreeNode): string {
  const { id, title, priority, status, truncated } = node;
  if (isExternal(id)) return `${oneLine(title)} (external)`;
  return `${oneLine(id)}: ${oneLine(title)} [P${priority}] (${oneLine(status)})${truncated ? ' …' : ''}`;
}

const mermaidMarks: Readonly<Record<string, string>> = {
  open: '☐',
  in_progress: '◧',
  blocked: '⚠',
  deferred: '❄',
  closed: '☑',
};

function mermaidLines(nodes: readonly TreeNode[]): string[] {
  const mark = ({ id, status }: TreeNode): string => (isExternal(id) ? '⚠' : (mermaidMarks[status] ?? '?'));
  const label = (node: TreeNode): string => oneLine(`${mark(node)} ${node.id}: ${node.title}`).replaceAll('"', "'");
  return [
    'flowchart TD',
    ...nodes.map((node) => `  ${node.id}["${label(node)}"]`),
    '',
    ...nodes.filter((node) => node.depth > 0).map((node) => `  ${node.parent_id} --> ${node.id}`),
  ];
}

interface ListOptions {
  direction: Direction;
  type?: string;
}

export function addDepList(dep: CliCommand, context: BdContext): void {
  dep
    .command('list <id>')
    .description('list the dependencies of a bead; with --direction up those that depend on it')
    .option('--direction <direction>', 'down, up or both', parseDirection, 'down')
    .option('-t, --type <type>', 'only of this type')
    .withHelp({
      examples: [
        ['bd dep list app-a1b2c', 'its dependencies'],
        ['bd dep list app-a1b2c --direction up -t blocks', 'what waits for it'],
      ],
      see: ['bd dep tree'],
    })
    .action(async (id: string, options: ListOptions, invocation: Invocation) => {
      const [bead] = await context.call(invocation, BeadShow.spec, { ids: [id] });
      const isMeant = (other: { dependency_type: string }): boolean =>
        options.type === undefined || other.dependency_type === options.type;
      const related = [
        ...(options.direction === 'up' ? [] : (bead?.dependencies ?? [])),
        ...(options.direction === 'down' ? [] : (bead?.dependents ?? [])),
      ].filter(isMeant);
      const external = options.direction === 'up' ? [] : (bead?.external_dependencies ?? []).filter(isMeant);
      // The original's JSON has beads only: references to other projects are in that of `bd show`.
      context.print(invocation, related, () =>
        listLines(bead?.id ?? id, [...related.map(relatedRow), ...external.map(externalRow)], options),
      );
    });
}

function relatedRow(other: BeadDetails['dependencies'][number]): string {
  const status = oneLine(other.status);
  return `  ${other.id}: ${oneLine(other.title)} [P${other.priority}] (${status}) via ${oneLine(other.dependency_type)}`;
}

function externalRow({ id, state, dependency_type: type }: ExternalDependency): string {
  return `  ${oneLine(id)} (${state}) via ${oneLine(type)}`;
}

function listLines(id: string, rows: readonly string[], { direction, type }: ListOptions): string[] {
  if (rows.length === 0) {
    const [withType, ofType] =
      type === undefined ? ['', ''] : [` with type '${oneLine(type)}'`, ` of type '${oneLine(type)}'`];
    return ['', direction === 'up' ? `No issues depend on ${id}${withType}` : `${id} has no dependencies${ofType}`];
  }
  return ['', direction === 'up' ? `📋 Issues that depend on ${id}:` : `📋 ${id} depends on:`, '', ...rows, ''];
}

function parseDirection(text: string): Direction {
  const direction = directions.find((name) => name === text);
  if (!direction) throw new UserError("--direction must be 'down', 'up', or 'both'");
  return direction;
}

function parseDepth(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UserError('--max-depth must be >= 1');
  return Number(text);
}
