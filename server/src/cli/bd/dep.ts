import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import { BeadShow, DependencyAdd, DependencyRemove, DependencyTree } from '../../protocol/bead';
import type { BdContext } from './context';
import { beadLine, treeLines } from '../shared/beadText';
import { defined, parseLimit } from './options';

interface AddOptions {
  type?: string;
  blockedBy?: string;
  dependsOn?: string;
}

const directions = ['down', 'up', 'both'] as const;
type Direction = (typeof directions)[number];

export function addDep(program: Command, context: BdContext): void {
  const dep = program
    .command('dep')
    .description('dependencies between beads')
    .argument('[id]', 'with --blocks: the bead that the other waits for')
    .option('--blocks <id>', 'the bead that waits')
    .action(async (id: string | undefined, options: { blocks?: string }) => {
      if (id === undefined || options.blocks === undefined)
        throw new UserError('nothing to do', 'Use bd dep add <id> <depends-on>, or bd dep <blocker> --blocks <id>.');
      const blocked = options.blocks;
      await context.run(dep, async (backend) => {
        const edge = await backend.call(DependencyAdd.spec, { from: blocked, to: id });
        const value = { status: 'added', blocker_id: edge.depends_on_id, blocked_id: edge.issue_id, type: edge.type };
        context.print(dep, value, () => [
          `${context.paint()('green', '✓')} ${edge.depends_on_id} blocks ${edge.issue_id}`,
        ]);
      });
    });
  addAdd(dep, context);
  addRemove(dep, context);
  addTree(dep, context);
  addList(dep, context);
}

function addAdd(dep: Command, context: BdContext): void {
  const command = dep
    .command('add')
    .description('<id> depends on <depends-on>')
    .argument('<id>', 'the bead that waits')
    .argument('[depends-on]', 'what it waits for')
    .option(
      '-t, --type <type>',
      'blocks, parent-child, conditional-blocks, waits-for, related, discovered-from, tracks, …',
    )
    .option('--blocked-by <id>', 'what it waits for')
    .option('--depends-on <id>', 'what it waits for')
    .action(async (id: string, target: string | undefined, options: AddOptions) => {
      const to = target ?? options.blockedBy ?? options.dependsOn;
      if (to === undefined) throw new UserError('say what it depends on', 'bd dep add <id> <depends-on>');
      await context.run(command, async (backend) => {
        const edge = await backend.call(DependencyAdd.spec, { from: id, to, ...defined({ type: options.type }) });
        const value = { status: 'added', issue_id: edge.issue_id, depends_on_id: edge.depends_on_id, type: edge.type };
        context.print(command, value, () => [
          `${context.paint()('green', '✓')} ${edge.issue_id} depends on ${edge.depends_on_id} (${edge.type})`,
        ]);
      });
    });
}

function addRemove(dep: Command, context: BdContext): void {
  const command = dep
    .command('remove')
    .alias('rm')
    .description('remove a dependency')
    .argument('<id>', 'the bead that waits')
    .argument('<depends-on>', 'what it waits for')
    .option('-t, --type <type>', 'only a dependency of this type')
    .action(async (id: string, target: string, options: { type?: string }) =>
      context.run(command, async (backend) => {
        const edge = await backend.call(DependencyRemove.spec, {
          from: id,
          to: target,
          ...defined({ type: options.type }),
        });
        context.print(command, { status: 'removed', ...edge }, () => [
          `${context.paint()('green', '✓')} ${edge.issue_id} no longer depends on ${edge.depends_on_id}`,
        ]);
      }),
    );
}

function parseDirection(text: string): Direction {
  const direction = directions.find((name) => name === text);
  if (!direction) throw new UserError(`invalid direction: ${text}`, `Valid: ${directions.join(', ')}`);
  return direction;
}

function parseDepth(text: string): number {
  if (!/^\d+$/.test(text)) throw new UserError(`max depth must be a number of 0 or more (got ${text})`);
  return parseLimit(text);
}

function addTree(dep: Command, context: BdContext): void {
  const command = dep
    .command('tree')
    .description('what a bead needs (down), what needs it (up), or both')
    .argument('<id>', 'id or a unique part of it')
    .option('-d, --max-depth <depth>', 'how deep', parseDepth)
    .option('--direction <direction>', 'down, up or both', parseDirection)
    .action(async (id: string, options: { maxDepth?: number; direction?: Direction }) =>
      context.run(command, async (backend) => {
        const nodes = await backend.call(DependencyTree.spec, {
          id,
          ...defined({ maxDepth: options.maxDepth, direction: options.direction }),
        });
        context.print(command, nodes, () => treeLines(nodes, context.paint()));
      }),
    );
}

function addList(dep: Command, context: BdContext): void {
  const command = dep
    .command('list')
    .description('the dependencies of a bead, or with --direction up those on it')
    .argument('<id>', 'id or a unique part of it')
    .option('--direction <direction>', 'down, up or both', parseDirection, 'down')
    .option('-t, --type <type>', 'only of this type')
    .action(async (id: string, options: { direction: Direction; type?: string }) =>
      context.run(command, async (backend) => {
        const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
        const all = [
          ...(options.direction === 'up' ? [] : (bead?.dependencies ?? [])),
          ...(options.direction === 'down' ? [] : (bead?.dependents ?? [])),
        ];
        const wanted = all.filter((other) => options.type === undefined || other.dependency_type === options.type);
        const paint = context.paint();
        context.print(command, wanted, () =>
          wanted.length === 0
            ? ['No dependencies.']
            : wanted.map((other) => `${paint('dim', other.dependency_type)} ${beadLine(other, paint)}`),
        );
      }),
    );
}
