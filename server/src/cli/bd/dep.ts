import { UserError } from '../../base/errors';
import { BeadShow, DependencyAdd, DependencyRemove, DependencyTree } from '../../protocol/bead';
import { beadLine, treeLines } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined } from './options';

interface AddOptions {
  type?: string;
  blockedBy?: string;
  dependsOn?: string;
}

const directions = ['down', 'up', 'both'] as const;
type Direction = (typeof directions)[number];

/** `bd dep` with its commands, and its short form `bd dep <blocker> --blocks <blocked>`. */
export function addDep(program: CliCommand, context: BdContext): void {
  const dep = program
    .command('dep')
    .description('dependencies between beads')
    .argument('[id]', 'with --blocks: the bead that the other one waits for')
    .option('--blocks <id>', 'the bead that waits')
    .withHelp({
      text: 'Without one of its commands it takes the short form: bd dep <blocker> --blocks <blocked>.',
      examples: [['bd dep app-a1b2c --blocks app-d3e4f', 'd3e4f waits for a1b2c']],
      see: ['bd blocked'],
    })
    .action(async (blocker: string | undefined, { blocks: blocked }: { blocks?: string }, invocation: Invocation) => {
      if (blocker === undefined || blocked === undefined)
        throw new UserError('nothing to do', 'Use bd dep add <id> <depends-on>, or bd dep <blocker> --blocks <id>.');
      const edge = await context.call(invocation, DependencyAdd.spec, { from: blocked, to: blocker });
      const value = { status: 'added', blocker_id: edge.depends_on_id, blocked_id: edge.issue_id, type: edge.type };
      context.print(
        invocation,
        value,
        () => `${context.paint('green', '✓')} ${edge.depends_on_id} blocks ${edge.issue_id}`,
      );
    });
  addAdd(dep, context);
  addRemove(dep, context);
  addTree(dep, context);
  addList(dep, context);
}

function addAdd(dep: CliCommand, context: BdContext): void {
  dep
    .command('add')
    .description('add a dependency: <id> depends on <depends-on>')
    .argument('<id>', 'the bead that waits')
    .argument('[depends-on]', 'the bead that it waits for')
    .option(
      '-t, --type <type>',
      'blocks, parent-child, conditional-blocks, waits-for, related, discovered-from, tracks, …',
    )
    .option('--blocked-by <id>', 'the bead that it waits for')
    .option('--depends-on <id>', 'the bead that it waits for')
    .withHelp({
      text: 'Types that make a bead wait: blocks (the default), conditional-blocks, waits-for and parent-child. Others only record a relation. A cycle is refused.',
      examples: [
        ['bd dep add app-d3e4f app-a1b2c', 'd3e4f waits for a1b2c'],
        ['bd dep add app-d3e4f --blocked-by app-a1b2c', 'the same'],
        ['bd dep add app-d3e4f app-x9y8z -t related', 'they are related'],
      ],
      see: ['bd dep tree', 'bd blocked'],
    })
    .action(async (id: string, target: string | undefined, options: AddOptions, invocation: Invocation) => {
      const to = target ?? options.blockedBy ?? options.dependsOn;
      if (to === undefined) throw new UserError('say what it depends on', 'bd dep add <id> <depends-on>');
      const params = { from: id, to, ...defined({ type: options.type }) };
      const edge = await context.call(invocation, DependencyAdd.spec, params);
      const value = { status: 'added', issue_id: edge.issue_id, depends_on_id: edge.depends_on_id, type: edge.type };
      context.print(
        invocation,
        value,
        () => `${context.paint('green', '✓')} ${edge.issue_id} depends on ${edge.depends_on_id} (${edge.type})`,
      );
    });
}

function addRemove(dep: CliCommand, context: BdContext): void {
  dep
    .command('remove')
    .alias('rm')
    .description('remove a dependency')
    .argument('<id>', 'the bead that waits')
    .argument('<depends-on>', 'the bead that it waits for')
    .option('-t, --type <type>', 'only a dependency of this type')
    .withHelp({
      examples: [['bd dep remove app-d3e4f app-a1b2c', 'd3e4f no longer waits for a1b2c']],
      see: ['bd dep add'],
    })
    .action(async (id: string, to: string, options: { type?: string }, invocation: Invocation) => {
      const params = { from: id, to, ...defined({ type: options.type }) };
      const edge = await context.call(invocation, DependencyRemove.spec, params);
      context.print(
        invocation,
        { status: 'removed', ...edge },
        () => `${context.paint('green', '✓')} ${edge.issue_id} no longer depends on ${edge.depends_on_id}`,
      );
    });
}

function addTree(dep: CliCommand, context: BdContext): void {
  dep
    .command('tree <id>')
    .description('show what a bead depends on (down), what depends on it (up), or both, as a tree')
    .option('-d, --max-depth <depth>', 'how deep', parseDepth)
    .option('--direction <direction>', 'down, up or both', parseDirection)
    .withHelp({
      examples: [
        ['bd dep tree app-a1b2c', 'everything that it depends on'],
        ['bd dep tree app-a1b2c --direction up --max-depth 2', 'what depends on it, two levels'],
      ],
      see: ['bd dep list', 'bd blocked'],
    })
    .action(async (id: string, options: { maxDepth?: number; direction?: Direction }, invocation: Invocation) => {
      const params = { id, ...defined({ maxDepth: options.maxDepth, direction: options.direction }) };
      const nodes = await context.call(invocation, DependencyTree.spec, params);
      context.print(invocation, nodes, () => treeLines(nodes, context.paint));
    });
}

function addList(dep: CliCommand, context: BdContext): void {
  dep
    .command('list <id>')
    .description('list the dependencies of a bead; with --direction up those that depend on it')
    .option('--direction <direction>', 'down, up or both', parseDirection, 'down')
    .option('-t, --type <type>', 'only of this type')
    .withHelp({
      examples: [
        ['bd dep list app-a1b2c', 'what it depends on'],
        ['bd dep list app-a1b2c --direction up -t blocks', 'what waits for it'],
      ],
      see: ['bd dep tree'],
    })
    .action(async (id: string, options: { direction: Direction; type?: string }, invocation: Invocation) => {
      const [bead] = await context.call(invocation, BeadShow.spec, { ids: [id] });
      const related = [
        ...(options.direction === 'up' ? [] : (bead?.dependencies ?? [])),
        ...(options.direction === 'down' ? [] : (bead?.dependents ?? [])),
      ].filter((other) => options.type === undefined || other.dependency_type === options.type);
      const { paint } = context;
      context.print(invocation, related, () =>
        related.length === 0
          ? 'No dependencies.'
          : related.map((other) => `${paint('dim', other.dependency_type)} ${beadLine(other, paint)}`),
      );
    });
}

function parseDirection(text: string): Direction {
  const direction = directions.find((name) => name === text);
  if (!direction) throw new UserError(`invalid direction: ${text}`, `Valid: ${directions.join(', ')}`);
  return direction;
}

function parseDepth(text: string): number {
  if (!/^\d+$/.test(text)) throw new UserError(`max depth must be a number of 0 or more (got ${text})`);
  return Number(text);
}
