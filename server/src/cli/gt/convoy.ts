import type { Command } from 'commander';
import {
  ConvoyAdd,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLaunch,
  ConvoyList,
  ConvoyStranded,
  type ConvoyInfo,
} from '../../protocol/town';
import { convoyLines } from '../shared/townText';
import { print, whoActs, withTown } from '../shared/connect';

export function addConvoyCommands(program: Command): void {
  const convoy = program.command('convoy').description('bundles of beads that land together');
  convoy
    .command('create <name> [beads...]')
    .description('create a convoy and launch it, unless it is staged')
    .option('--stage', 'do not launch it yet')
    .option('--notify [address...]', 'who is told when it lands (default: you)')
    .action(
      async (
        name: string,
        beads: string[],
        options: { stage?: boolean; notify?: string[] | true },
        command: Command,
      ) => {
        const notify = options.notify === true ? [whoActs(command)] : options.notify;
        const info = await withTown(command, (town) =>
          town.call(ConvoyCreate.spec, { title: name, beads, stage: options.stage, notify }),
        );
        print(
          command,
          info,
          () => `✓ ${options.stage ? 'Staged' : 'Launched'} ${info.id}: ${info.title} (${info.total} beads)`,
        );
      },
    );
  convoy
    .command('add <convoy> <beads...>')
    .description('track more beads; reopens a landed convoy')
    .action(async (id: string, beads: string[], _options, command: Command) => {
      const info = await withTown(command, (town) => town.call(ConvoyAdd.spec, { id, beads }));
      print(command, info, () => `✓ ${info.id} tracks ${info.total} beads`);
    });
  convoy
    .command('list')
    .description('open convoys')
    .option('--all', 'with those that have landed')
    .action(async (options: { all?: boolean }, command: Command) => {
      const convoys = await withTown(command, (town) => town.call(ConvoyList.spec, { all: options.all }));
      print(command, convoys, () => (convoys.length > 0 ? convoys.map(line) : 'No convoys'));
    });
  convoy
    .command('status <convoy>')
    .description('one convoy with its beads')
    .action(async (id: string, _options, command: Command) => {
      const status = await withTown(command, (town) => town.call(ConvoyGet.spec, { id }));
      print(command, status, () => [
        ...convoyLines(status, status.tracked),
        ...status.warnings.map((warning) => `  ! ${warning}`),
      ]);
    });
  convoy
    .command('stranded')
    .description('those of which nothing goes on by itself, and why')
    .action(async (_options, command: Command) => {
      const list = await withTown(command, (town) => town.call(ConvoyStranded.spec, {}));
      print(command, list, () =>
        list.length > 0
          ? list.flatMap((item) => [`${item.id} ${item.title}`, ...item.reasons.map((reason) => `  ${reason}`)])
          : 'No convoy is stranded',
      );
    });
  convoy
    .command('launch <convoy>')
    .description('launch a staged convoy')
    .option('--force', 'in spite of warnings')
    .action(async (id: string, options: { force?: boolean }, command: Command) => {
      const info = await withTown(command, (town) => town.call(ConvoyLaunch.spec, { id, force: options.force }));
      print(command, info, () => `✓ Launched ${info.id}: ${info.title}`);
    });
}

function line(convoy: ConvoyInfo): string {
  return `${convoy.id} ${convoy.done}/${convoy.total} ${convoy.status} ${convoy.title}`;
}
