import { UserError } from '../../base/errors';
import { DependencyAdd, DependencyRemove } from '../../protocol/dependency';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { addCycles, addRelation } from './depCycles';
import { addDepList, addDepTree } from './depTree';
import { defined } from './options';

interface AddOptions {
  file?: string;
  type?: string;
  blockedBy?: string;
  dependsOn?: string;
}

/** `bd dep` with its commands, and its short form `bd dep <blocker> --blocks <blocked>`. */
export function addDep(program: CliCommand, context: BdContext): void {
  const dep = program
    .command('dep')
    .description('dependencies between beads')
    .argument('[id]', 'with --blocks: the bead that the other one waits for')
    .option('-b, --blocks <id>', 'the bead that waits')
    .withHelp({
      text: 'Without one of its commands it takes the short form: bd dep <blocker> --blocks <blocked>.',
      examples: [['bd dep app-a1b2c --blocks app-d3e4f', 'd3e4f waits for a1b2c']],
      see: ['bd blocked'],
    })
    .action(async (blocker: string | undefined, { blocks: blocked }: { blocks?: string }, invocation: Invocation) => {
      if (blocker === undefined && blocked === undefined) return void (await invocation.printHelp(dep));
      if (blocker === undefined || blocked === undefined)
        throw new UserError('nothing to do', 'Use bd dep add <id> <depends-on>, or bd dep <blocker> --blocks <id>.');
      const edge = await context.call(invocation, DependencyAdd.spec, { from: blocked, to: blocker });
      const value = { status: 'added', blocker_id: edge.depends_on_id, blocked_id: edge.issue_id, type: edge.type };
      context.print(
        invocation,
        value,
        () => `${context.paint('green', '✓')} Added dependency: ${edge.depends_on_id} blocks ${edge.issue_id}`,
      );
    });
  addAdd(dep, context);
  addRemove(dep, context);
  addDepTree(dep, context);
  addDepList(dep, context);
  addCycles(dep, context);
  addRelation(dep, context, 'relate');
  addRelation(dep, context, 'unrelate');
}

function addAdd(dep: CliCommand, context: BdContext): void {
  dep
    .command('add')
    .description('add a dependency: <id> depends on <depends-on>')
    .argument('[id]', 'the bead that waits')
    .argument('[depends-on]', 'the bead that it waits for')
    .option(
      '-t, --type <type>',
      'blocks, parent-child, conditional-blocks, waits-for, related, discovered-from, tracks, …',
    )
    .option('--blocked-by <id>', 'the bead that it waits for')
    .option('--depends-on <id>', 'the bead that it waits for')
    .option('-f, --file <file>', 'all dependencies of a file of JSON lines (- for standard input)')
    .hiddenOption('--no-cycle-check', 'accepted: a cycle is always refused')
    .withHelp({
      text: 'A line of --file is {"from": id, "to": id, "type": type}, or {"issue_id": id, "depends_on_id": id, "type": type}. If one line is wrong, none is added. Types that make a bead wait: blocks (the default), conditional-blocks, waits-for and parent-child. Others only record a relation. A cycle is refused. A bead of another project is external:<project>:<id or capability> or beads://<host>/<org>/<repository>/<id>.',
      examples: [
        ['bd dep add app-d3e4f app-a1b2c', 'd3e4f waits for a1b2c'],
        ['bd dep add app-d3e4f --blocked-by app-a1b2c', 'the same'],
        ['bd dep add app-d3e4f app-x9y8z -t related', 'they are related'],
        ['bd dep add --file edges.jsonl', 'many at once'],
        ['bd dep add app-d3e4f external:lib:login', 'd3e4f waits until the project lib ships login'],
      ],
      see: ['bd dep tree', 'bd blocked'],
    })
    .action(async (id: string | undefined, target: string | undefined, options: AddOptions, invocation: Invocation) => {
      if (options.file !== undefined) {
        if (id !== undefined || options.blockedBy !== undefined || options.dependsOn !== undefined)
          throw new UserError('--file goes without ids', 'bd dep add --file edges.jsonl');
        const { addFromFile } = await import('./depFile');
        return addFromFile(invocation, context, options.file, options.type);
      }
      if (target !== undefined && (options.blockedBy ?? options.dependsOn) !== undefined)
        throw new UserError('cannot use both positional depends-on-id and --blocked-by/--depends-on flag');
      const to = target ?? options.blockedBy ?? options.dependsOn;
      if (id === undefined || to === undefined)
        throw new UserError(
          `requires 2 arg(s), only received ${id === undefined ? 0 : 1} (or use --blocked-by/--depends-on flag)`,
          'bd dep add <id> <depends-on>',
        );
      const params = { from: id, to, ...defined({ type: options.type }) };
      const edge = await context.call(invocation, DependencyAdd.spec, params);
      const value = { status: 'added', issue_id: edge.issue_id, depends_on_id: edge.depends_on_id, type: edge.type };
      context.print(
        invocation,
        value,
        () =>
          `${context.paint('green', '✓')} Added dependency: ${edge.issue_id} depends on ${edge.depends_on_id} (${edge.type})`,
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
        () =>
          `${context.paint('green', '✓')} Removed dependency: ${edge.issue_id} no longer depends on ${edge.depends_on_id}`,
      );
    });
}
