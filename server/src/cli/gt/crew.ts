import { UserError } from '../../base/errors';
import {
  CrewAdd,
  CrewList,
  CrewRemove,
  CrewStart,
  RigList,
  SHELL_RUNTIME,
  TownStop,
  type CrewInfo,
} from '../../protocol/town';
import type { Caller } from '../../protocol/request';
import { rigOfDirectory } from '../../town/layout';
import type { CliCommand, Invocation } from '../shared/command';
import { attach } from './attach';
import type { GtContext } from './context';

interface RigOption {
  rig?: string;
}

export function addCrew(program: CliCommand, context: GtContext): void {
  const crew = program.command('crew').description("crew: people's own workspaces in a rig");
  addAdd(crew, context);
  addList(crew, context);
  addStart(crew, context);
  addStop(crew, context);
  addAttach(crew, context);
  addRemove(crew, context);
}

function withRigOption(command: CliCommand): CliCommand {
  return command.option('--rig <name>', 'the rig (default: the one of the working directory, or the only one)');
}

function addAdd(crew: CliCommand, context: GtContext): void {
  withRigOption(crew.command('add').description('create a clone of your own in the rig'))
    .argument('<name>', 'name of the crew member')
    .option('--branch <name>', 'branch to check out; it is created if it does not exist')
    .withHelp({
      examples: [
        ['gt crew add ann', 'a clone of your own'],
        ['gt crew add ann --rig toy --branch login', 'on a branch'],
      ],
      see: ['gt crew start'],
    })
    .action(async (name: string, options: RigOption & { branch?: string }, invocation: Invocation) => {
      const info = await context.withTown(invocation, async (town, root) => {
        const rig = await findRig(town, root, context.process.cwd, options.rig);
        return town.call(CrewAdd.spec, { rig, name, branch: options.branch });
      });
      context.print(invocation, info, () => [
        `✓ Added ${info.agent}: ${info.folder}${info.branch ? ` (${info.branch})` : ''}`,
        `  start it: gt crew start ${info.name}`,
      ]);
    });
}

function addList(crew: CliCommand, context: GtContext): void {
  crew
    .command('list')
    .description('list all crew members')
    .option('--rig <name>', 'of one rig')
    .withHelp({
      examples: [
        ['gt crew list', 'of all rigs'],
        ['gt crew list --rig toy', 'of one rig'],
      ],
      see: ['gt crew add'],
    })
    .action(async (options: RigOption, invocation: Invocation) => {
      const list = await context.call(invocation, CrewList.spec, { rig: options.rig });
      context.print(invocation, list, () =>
        list.length > 0 ? list.map(memberLine) : 'No crew. Create a workspace of your own: gt crew add <name>',
      );
    });
}

function addStart(crew: CliCommand, context: GtContext): void {
  withRigOption(crew.command('start <member>').description('start an agent in the workspace'))
    .option('--agent <runtime>', `runtime (default: the rig's), or "${SHELL_RUNTIME}" for a login shell`)
    .withHelp({
      examples: [
        ['gt crew start ann', 'with the runtime of the rig'],
        ['gt crew start ann --agent shell', 'with a login shell'],
      ],
      see: ['gt crew attach'],
    })
    .action(async (name: string, options: RigOption & { agent?: string }, invocation: Invocation) => {
      const info = await context.withTown(invocation, async (town, root) => {
        const rig = await findRig(town, root, context.process.cwd, options.rig, name);
        return town.call(CrewStart.spec, { rig, name, runtime: options.agent });
      });
      context.print(invocation, info, () => [
        `✓ Started ${info.agent} (${info.runtime ?? ''})`,
        `  its terminal: gt attach ${info.agent}`,
      ]);
    });
}

function addStop(crew: CliCommand, context: GtContext): void {
  withRigOption(crew.command('stop <member>').description('stop the session; the workspace stays'))
    .withHelp({ examples: [['gt crew stop ann', 'stop the session']], see: ['gt crew start'] })
    .action(async (name: string, options: RigOption, invocation: Invocation) => {
      const result = await context.withTown(invocation, async (town, root) => {
        const rig = await findRig(town, root, context.process.cwd, options.rig, name);
        return town.call(TownStop.spec, { agent: `${rig}/crew/${name}` });
      });
      context.print(invocation, result, () => result.stopped.map((agent) => `✓ Stopped ${agent}`));
    });
}

function addAttach(crew: CliCommand, context: GtContext): void {
  withRigOption(crew.command('attach <member>').description('show its terminal in this one; Ctrl-] detaches'))
    .alias('at')
    .withHelp({ examples: [['gt crew attach ann', 'watch it and type']], see: ['gt attach'] })
    .action(async (name: string, options: RigOption, invocation: Invocation) => {
      const rig = await context.withTown(invocation, (town, root) =>
        findRig(town, root, context.process.cwd, options.rig, name),
      );
      await attach(invocation, context, `${rig}/crew/${name}`);
    });
}

function addRemove(crew: CliCommand, context: GtContext): void {
  withRigOption(crew.command('remove <member>').description('remove a member; its folder is kept elsewhere'))
    .option('--force', 'even with work that is not pushed')
    .withHelp({
      examples: [
        ['gt crew remove ann', 'if everything is pushed'],
        ['gt crew remove ann --force', 'even with work that is not pushed'],
      ],
      see: ['gt crew add'],
    })
    .action(async (name: string, options: RigOption & { force?: boolean }, invocation: Invocation) => {
      const result = await context.withTown(invocation, async (town, root) => {
        const rig = await findRig(town, root, context.process.cwd, options.rig, name);
        return town.call(CrewRemove.spec, { rig, name, force: options.force });
      });
      context.print(invocation, result, () => `✓ Removed ${name}; its folder is now ${result.movedTo}`);
    });
}

/** The rig of a command: the named one, that of the directory, the only one with this member, or the only one. */
async function findRig(
  town: Caller,
  root: string,
  directory: string,
  named: string | undefined,
  member?: string,
): Promise<string> {
  if (named !== undefined) return named;
  const rigs = (await town.call(RigList.spec, {})).map((rig) => rig.id);
  const here = rigOfDirectory(root, directory, rigs);
  if (here !== undefined) return here;
  const crew = member === undefined ? [] : await town.call(CrewList.spec, {});
  const withMember = crew.filter((info) => info.name === member).map((info) => info.rig);
  const found = withMember.length > 0 ? withMember : rigs;
  if (found.length === 1) return found[0]!;
  if (found.length === 0)
    throw new UserError('this town has no rig', 'add one with "gt rig add <name> <url|folder>"', 'not-found');
  throw new UserError('which rig?', `name it with --rig: ${found.join(', ')}`, 'ambiguous');
}

function memberLine(info: CrewInfo): string {
  const state = info.clean === undefined ? 'cannot be read' : info.clean ? 'clean' : 'uncommitted changes';
  const runtime = info.session ? `, ${info.runtime ?? ''}` : '';
  return `${info.session ? '●' : '○'} ${info.agent} ${info.branch ?? '(detached)'}, ${state}${runtime}  ${info.folder}`;
}
