import { UserError } from '../../base/errors';
import { wavesOf } from '../../base/graph';
import { BeadList, BeadShow, type Bead } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { checkLines, childParentCheck, contentOf, cycleCheck, orphanCheck } from './doctorChecks';
import { graphHtml } from './graphHtml';
import type { Backend } from './localBackend';

/** `bd graph`: beads in layers, each layer after those that it waits for. */

interface GraphOptions {
  all?: boolean;
  compact?: boolean;
  dot?: boolean;
  html?: boolean;
  box?: boolean;
}

interface Layout {
  beads: Bead[];
  layers: string[][];
  needs: (id: string) => string[];
}

export function addGraph(program: CliCommand, context: BdContext): void {
  const graph = program
    .command('graph')
    .description('show what waits for what, in layers')
    .argument('[id]', 'the bead with everything below it and everything that it depends on')
    .option('--all', 'every group of open beads that depend on each other')
    .option('--compact', 'one line each')
    .option('--box', 'in boxes, the default')
    .option('--dot', 'for Graphviz')
    .option('--html', 'a page with a picture, for a browser')
    .withHelp({
      examples: [
        ['bd graph app-a1b2c', 'an epic with its children'],
        ['bd graph --all --dot | dot -Tsvg > graph.svg', 'a picture of everything that is open'],
        ['bd graph app-a1b2c --html > graph.html', 'the same, to open in a browser'],
      ],
      see: ['bd dep tree', 'bd list'],
    })
    .action(async (id: string | undefined, options: GraphOptions, invocation: Invocation) => {
      if (id === undefined && !options.all) throw new UserError('issue ID required (or use --all)', 'bd graph <id>');
      const { root, layout } = await context.withLedger(invocation, (backend) => layoutOf(backend, id));
      const shown = root ?? layout.beads[0];
      if (!shown) return context.print(invocation, [], () => 'No open issues found');
      context.print(invocation, jsonOf(shown, layout), () => linesOf(shown, layout, options));
    });
  addGraphCheck(graph, context);
}

function addGraphCheck(graph: CliCommand, context: BdContext): void {
  graph
    .command('check')
    .description('check the dependencies')
    .withHelp({
      text: 'It finds cycles, dependencies on beads that do not exist, and children that wait for their parents.',
      examples: [['bd graph check', 'of the whole ledger']],
      exits: { 1: 'something is wrong' },
      see: ['bd dep cycles', 'bd doctor'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const content = await context.withLedger(invocation, (backend) => contentOf(backend));
      const checks = [cycleCheck(content), orphanCheck(content), childParentCheck(content)];
      const isValid = checks.every((check) => check.status === 'ok');
      if (!isValid) context.exitCode = 1;
      context.print(invocation, { valid: isValid, checks }, () => checkLines(checks, true));
    });
}

function linesOf(root: Bead, layout: Layout, options: GraphOptions): string | string[] {
  if (options.html) return graphHtml(`${root.id}: ${oneLine(root.title)}`, layout);
  if (options.dot) return dotLines(layout);
  return options.compact ? compactLines(root, layout) : boxLines(root, layout);
}

async function layoutOf(backend: Backend, id: string | undefined): Promise<{ root?: Bead; layout: Layout }> {
  const all = await backend.call(BeadList.spec, { all: id !== undefined, limit: 0, sort: 'created', reverse: true });
  const byId = new Map(all.map((bead) => [bead.id, bead]));
  const beads = id === undefined ? all : below(byId.get(await idOf(backend, id))!, all);
  const known = new Set(beads.map((bead) => bead.id));
  const needs = (each: string): string[] =>
    (byId.get(each)?.dependencies ?? [])
      .filter((edge) => edge.type === 'blocks' && known.has(edge.depends_on_id))
      .map((edge) => edge.depends_on_id);
  const { waves, cyclic } = wavesOf([...known], needs);
  const layers = cyclic.length > 0 ? [...waves, cyclic] : waves;
  return { ...(id === undefined ? {} : { root: beads[0]! }), layout: { beads, layers, needs } };
}

async function idOf(backend: Backend, id: string): Promise<string> {
  try {
    return (await backend.call(BeadShow.spec, { ids: [id] }))[0]!.id;
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found')
      throw new UserError(`issue '${id}' not found`, undefined, 'not-found');
    throw error;
  }
}

/** A bead and its descendants. */
function below(root: Bead, all: readonly Bead[]): Bead[] {
  const found = new Map([[root.id, root]]);
  for (const bead of found.values())
    for (const child of all)
      if (child.dependencies?.some((edge) => edge.type === 'parent-child' && edge.depends_on_id === bead.id))
        found.set(child.id, child);
  return [...found.values()];
}

function jsonOf(root: Bead, { beads, layers, needs }: Layout) {
  const nodes = beads.map((bead) => {
    const layer = layers.findIndex((ids) => ids.includes(bead.id));
    const position = layers[layer]?.indexOf(bead.id) ?? 0;
    return [bead.id, { Issue: bead, Layer: layer, Position: position, DependsOn: needs(bead.id) }] as const;
  });
  return {
    root,
    issues: beads,
    layout: { RootID: root.id, Layers: layers, MaxLayer: layers.length - 1, Nodes: Object.fromEntries(nodes) },
  };
}

const marks: Readonly<Record<string, string>> = { in_progress: '◐', blocked: '●', closed: '✓', deferred: '❄' };
const markOf = (bead: Bead): string => marks[bead.status] ?? '○';

function compactLines(root: Bead, { beads, layers }: Layout): string[] {
  const byId = new Map(beads.map((bead) => [bead.id, bead]));
  return [
    '',
    `📊 Dependency graph for ${root.id} (${beads.length} issues, ${layers.length} layers)`,
    '',
    '  Status: ○ open  ◐ in_progress  ● blocked  ✓ closed  ❄ deferred',
    '',
    ...layers.flatMap((ids, layer) => [
      `  LAYER ${layer}${layer === 0 ? ' (ready)' : ''}`,
      ...ids.map((id, index) => {
        const bead = byId.get(id)!;
        return `  ${index === ids.length - 1 ? '└──' : '├──'} ${markOf(bead)} ${id} ● P${bead.priority} ${oneLine(bead.title)}`;
      }),
      '',
    ]),
  ];
}

const BOX_COLUMNS = 33;

function boxLines(root: Bead, { beads, layers }: Layout): string[] {
  const byId = new Map(beads.map((bead) => [bead.id, bead]));
  const line = (text: string): string => `  │ ${text.slice(0, BOX_COLUMNS).padEnd(BOX_COLUMNS)} │`;
  const edge = '─'.repeat(BOX_COLUMNS + 2);
  return [
    '',
    `📊 Dependency graph for ${root.id}:`,
    '',
    '  Status: ○ open  ◐ in_progress  ● blocked  ✓ closed',
    '',
    ...layers.flatMap((ids, layer) => [
      `  Layer ${layer}${layer === 0 ? ' (ready)' : ''}`,
      ...ids.flatMap((id) => {
        const bead = byId.get(id)!;
        return [`  ┌${edge}┐`, line(`${markOf(bead)} ${oneLine(bead.title)}`), line(id), `  └${edge}┘`];
      }),
      '',
    ]),
    `  Total: ${beads.length} issues across ${layers.length} layers`,
  ];
}

function dotLines({ beads, needs }: Layout): string[] {
  const quote = (text: string): string => JSON.stringify(oneLine(text));
  return [
    'digraph beads {',
    '  rankdir=LR;',
    '  node [shape=box, style=rounded];',
    ...beads.map((bead) => `  ${quote(bead.id)} [label=${quote(`${bead.id}: ${bead.title}`)}];`),
    ...beads.flatMap((bead) => needs(bead.id).map((need) => `  ${quote(need)} -> ${quote(bead.id)};`)),
    '}',
  ];
}
