import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import {
  gateNames,
  RigAdd,
  RigFastForward,
  RigList,
  RigRemove,
  rigSettingNames,
  RigSet,
  TownGetSnapshot,
  type GateName,
  type RigInfo,
} from '../../protocol/town';
import { rigNameFrom } from '../../town/names';
import { acceptOne, withAcceptOptions, type AcceptOptions } from './accept';
import { print, withTown } from '../shared/connect';

interface AddOptions {
  prefix?: string;
  branch?: string;
  maxWorkers?: number;
  gate?: string[];
  yes?: boolean;
}

export function addRigCommands(program: Command): void {
  const rig = program.command('rig').description('repositories that the town works on');
  rig
    .command('add <name-or-source> [source]')
    .description('add a repository: a git URL or a folder')
    .option('--prefix <prefix>', 'prefix of its bead ids')
    .option('--branch <name>', 'default branch, where it is not the one checked out')
    .option('--max-workers <n>', 'agents at once', Number)
    .option('--gate <name=command...>', `gate to run before every merge (${gateNames.join(', ')}); default: detected`)
    .option('--yes', 'accept the commands that are named here or found, and printed')
    .action(async (first: string, second: string | undefined, options: AddOptions, command: Command) => {
      const source = second ?? first;
      const name = second === undefined ? rigNameFrom(first) : first;
      const info = await withTown(command, (town) =>
        town.call(RigAdd.spec, {
          name,
          source: absoluteIfFolder(source),
          prefix: options.prefix,
          defaultBranch: options.branch,
          maxWorkers: options.maxWorkers,
          gates: parseGates(options.gate),
          accept: options.yes,
        }),
      );
      print(command, info, () => rigAdded(info));
    });
  rig
    .command('set <rig> <key=value...>')
    .description('change settings and gates of a rig')
    .action(async (name: string, entries: string[], _options, command: Command) => {
      const info = await withTown(command, (town) => town.call(RigSet.spec, { name, ...parseSettings(entries) }));
      print(command, info, () => [
        `✓ ${info.id}: ${info.maxWorkers} workers, review ${info.review}`,
        ...info.gates.map((gate) => `    ${gate.name}: ${gate.command}`),
        ...(info.accepted ? [] : [`  Its commands run only after you accept them: gt rig accept ${info.id}`]),
      ]);
    });
  rig
    .command('list')
    .description('all rigs')
    .action(async (_options, command: Command) => {
      const rigs = await withTown(command, (town) => town.call(RigList.spec, {}));
      print(command, rigs, () =>
        rigs.length > 0
          ? rigs.map(
              (info) => `${info.id} [${info.prefix}-] ← ${info.source} (${info.defaultBranch} → ${info.targetBranch})`,
            )
          : 'No rigs. Add one: gt rig add <name> <url|folder>',
      );
    });
  rig
    .command('remove <rig>')
    .description('take a rig out of the town; its folder is kept')
    .action(async (name: string, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(RigRemove.spec, { name }));
      print(command, result, () => `✓ Removed ${name}; its folder is now ${result.movedTo}`);
    });
  withAcceptOptions(rig.command('accept <rig>').description("show a rig's commands, and accept them")).action(
    async (name: string, options: AcceptOptions, command: Command) => {
      await acceptOne(command, options, async (town) => {
        const { rigs, attention } = await town.call(TownGetSnapshot.spec, { once: true });
        if (!rigs.some((info) => info.id === name))
          throw new UserError(`there is no rig ${name}`, 'see "gt rig list"', 'not-found');
        return attention.find((item) => item.consent?.kind === 'rig-commands' && item.rig === name);
      });
    },
  );
  rig
    .command('fast-forward <rig>')
    .description("bring a folder's checkout to what has landed")
    .action(async (name: string, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(RigFastForward.spec, { name }));
      print(command, result, () => `✓ ${result.commits} commits`);
    });
}

function rigAdded(info: RigInfo): string[] {
  const lines = [`✓ Added ${info.id} [${info.prefix}-] ← ${info.source}; work lands on ${info.targetBranch}`];
  if (info.gates.length === 0)
    lines.push('  No gates: nothing is tested before a merge. Name one with --gate test="…".');
  else lines.push('  Gates:', ...info.gates.map((gate) => `    ${gate.name}: ${gate.command}`));
  if (!info.accepted) lines.push(`  They run only after you accept them: gt rig accept ${info.id}`);
  return lines;
}

function parseSettings(entries: readonly string[]): {
  settings: Record<string, string>;
  gates: Record<string, string>;
} {
  const result = { settings: {} as Record<string, string>, gates: {} as Record<string, string> };
  for (const entry of entries) {
    const [, key, value] = /^([^=]+)=([\s\S]*)$/.exec(entry) ?? [];
    if (key === undefined || value === undefined)
      throw new UserError(`"${entry}" is no setting`, 'write it as key=value');
    if (gateNames.some((gate) => gate === key)) result.gates[key] = value;
    else if (rigSettingNames.some((name) => name === key)) result.settings[key] = value;
    else
      throw new UserError(`there is no setting ${key}`, `there are: ${[...rigSettingNames, ...gateNames].join(', ')}`);
  }
  return result;
}

function absoluteIfFolder(source: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || /^[^/\\]+@[^/\\]+:/.test(source);
  return isUrl ? source : path.resolve(source);
}

function parseGates(entries: readonly string[] | undefined): Partial<Record<GateName, string>> | undefined {
  if (!entries) return undefined;
  const gates: Partial<Record<GateName, string>> = {};
  for (const entry of entries) {
    const [, name, command] = /^([^=]+)=([\s\S]*)$/.exec(entry) ?? [];
    const known = gateNames.find((gate) => gate === name);
    if (!known || command === undefined)
      throw new UserError(`"${entry}" is no gate`, `write it as name=command; names are ${gateNames.join(', ')}`);
    gates[known] = command;
  }
  return gates;
}
