import path from 'node:path';
import os from 'node:os';
import type { Command } from 'commander';
import { TownDown, TownGetSnapshot, TownStop, TownUp } from '../../protocol/town';
import { findTown } from '../shared/findTown';
import { statusText } from '../shared/townText';
import { actorName } from '../shared/actor';
import { print, withTown, type GlobalOptions } from '../shared/connect';

export function addTownCommands(program: Command): void {
  program
    .command('install [path]')
    .description('make a town in a new folder (default ~/gt), or trust the town that is there')
    .option('--name <name>', 'name of the town')
    .action(async (folder: string | undefined, options: { name?: string }, command: Command) => {
      const { installTown } = await import('../../town/install');
      const result = await installTown(folder ?? path.join(os.homedir(), 'gt'), options.name);
      print(command, result, () =>
        result.created
          ? `✓ Made the town ${result.root}\n  next: gt rig add <name> <url|folder>`
          : `✓ The town ${result.root} is yours`,
      );
    });
  program
    .command('up')
    .description('start the engine')
    .action(async (_options, command: Command) => {
      await withTown(command, (town) => town.call(TownUp.spec, {}));
      print(command, { up: true }, () => '✓ The engine is up');
    });
  program
    .command('down')
    .description('pause the engine; running agents work on')
    .action(async (_options, command: Command) => {
      await withTown(command, (town) => town.call(TownDown.spec, {}));
      print(command, { up: false }, () => '✓ The engine is paused');
    });
  program
    .command('status')
    .description('what goes on in the town')
    .action(async (_options, command: Command) => {
      const snapshot = await withTown(command, (town) => town.call(TownGetSnapshot.spec, { once: true }));
      print(command, snapshot, () => statusText(snapshot));
    });
  program
    .command('stop [agent]')
    .description('end sessions; their work stays on their hooks: gt stop <rig>/<agent>')
    .option('--all', 'all sessions, and pause the engine')
    .option('--rig <name>', 'the sessions of one rig')
    .action(async (agent: string | undefined, options: { all?: boolean; rig?: string }, command: Command) => {
      const result = await withTown(command, (town) =>
        town.call(TownStop.spec, { agent, rig: options.rig, all: options.all }),
      );
      print(command, result, () =>
        result.stopped.length > 0 ? result.stopped.map((name) => `✓ Stopped ${name}`) : 'Nothing was running',
      );
    });
  program
    .command('shutdown')
    .description('end the server of the town; agents work on and it comes back when needed')
    .action(async (_options, command: Command) => {
      const { shutdownServer } = await import('../shared/shutdownServer');
      const stopped = await shutdownServer(
        findTown(process.cwd(), command.optsWithGlobals<GlobalOptions>().town),
        actorName(undefined, process.env, process.cwd()),
      );
      print(command, { stopped }, () => (stopped ? '✓ The server has ended' : 'No server was running'));
    });
}
