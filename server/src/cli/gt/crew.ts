import type { Command } from 'commander';
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
import type { TownConnection } from '../../protocol/transport';
import { rigOfDirectory } from '../../town/layout';
import { attach } from './attach';
import { print, withTown } from '../shared/connect';

interface RigOption {
  rig?: string;
}

export function addCrewCommands(program: Command): void {
  const crew = program.command('crew').description("people's own workspaces in a rig");
  const member = (name: string, description: string): Command =>
    crew
      .command(name)
      .description(description)
      .option('--rig <name>', 'which rig (default: the one of the folder, or the only one)');
  member('add <name>', 'a clone of your own in the rig')
    .option('--branch <name>', 'check this branch out, or begin it')
    .action(async (name: string, options: RigOption & { branch?: string }, command: Command) => {
      const info = await withTown(command, async (town, root) =>
        town.call(CrewAdd.spec, { rig: await rigFor(town, root, options.rig), name, branch: options.branch }),
      );
      print(command, info, () => [
        `✓ Added ${info.agent}: ${info.folder}${info.branch ? ` (${info.branch})` : ''}`,
        `  start it: gt crew start ${info.name}`,
      ]);
    });
  crew
    .command('list')
    .description('all crew members')
    .option('--rig <name>', 'of one rig')
    .action(async (options: RigOption, command: Command) => {
      const list = await withTown(command, (town) => town.call(CrewList.spec, { rig: options.rig }));
      print(command, list, () =>
        list.length > 0 ? list.map(line) : 'No crew. Add a workspace of your own: gt crew add <name>',
      );
    });
  member('start <member>', 'start an agent there')
    .option('--agent <runtime>', `runtime (default: the rig's), or "${SHELL_RUNTIME}" for a login shell`)
    .action(async (name: string, options: RigOption & { agent?: string }, command: Command) => {
      const info = await withTown(command, async (town, root) =>
        town.call(CrewStart.spec, { rig: await rigFor(town, root, options.rig, name), name, runtime: options.agent }),
      );
      print(command, info, () => [
        `✓ ${info.agent} is there (${info.runtime ?? ''})`,
        `  its terminal: gt attach ${info.agent}`,
      ]);
    });
  member('stop <member>', 'end the session; the folder stays').action(
    async (name: string, options: RigOption, command: Command) => {
      const result = await withTown(command, async (town, root) =>
        town.call(TownStop.spec, { agent: `${await rigFor(town, root, options.rig, name)}/crew/${name}` }),
      );
      print(command, result, () => result.stopped.map((agent) => `✓ Stopped ${agent}`));
    },
  );
  member('attach <member>', 'the terminal, here; Ctrl-] leaves it')
    .alias('at')
    .action(async (name: string, options: RigOption, command: Command) => {
      const agent = await withTown(
        command,
        async (town, root) => `${await rigFor(town, root, options.rig, name)}/crew/${name}`,
      );
      await attach(command, agent);
    });
  member('remove <member>', 'take it out; its folder is moved aside')
    .option('--force', 'also with work that is not pushed')
    .action(async (name: string, options: RigOption & { force?: boolean }, command: Command) => {
      const result = await withTown(command, async (town, root) =>
        town.call(CrewRemove.spec, { rig: await rigFor(town, root, options.rig, name), name, force: options.force }),
      );
      print(command, result, () => `✓ Removed ${name}; its folder is now ${result.movedTo}`);
    });
}

/** The rig that is named, that of the folder, the only one that has this member, or the only one there is. */
async function rigFor(town: TownConnection, root: string, named: string | undefined, member?: string): Promise<string> {
  if (named !== undefined) return named;
  const rigs = (await town.call(RigList.spec, {})).map((rig) => rig.id);
  const here = rigOfDirectory(root, process.cwd(), rigs);
  if (here !== undefined) return here;
  const having =
    member === undefined
      ? []
      : (await town.call(CrewList.spec, {})).filter((info) => info.name === member).map((info) => info.rig);
  const candidates = having.length > 0 ? having : rigs;
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length === 0)
    throw new UserError('this town has no rig', 'add one with "gt rig add <name> <url|folder>"', 'not-found');
  throw new UserError('which rig?', `say it with --rig: ${candidates.join(', ')}`, 'ambiguous');
}

function line(info: CrewInfo): string {
  const state = info.clean === undefined ? 'cannot be read' : info.clean ? 'clean' : 'uncommitted changes';
  return `${info.session ? '●' : '○'} ${info.agent} ${info.branch ?? '(detached)'}, ${state}${info.session ? `, ${info.runtime ?? ''}` : ''}  ${info.folder}`;
}
