import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import type { Params } from '../../protocol/request';
import {
  AgentConfigList,
  AgentConfigRemove,
  AgentConfigSet,
  DefaultAgent,
  MayorRuntime,
  TownGetSnapshot,
  type RuntimeInfo,
} from '../../protocol/town';
import { acceptOne, withAcceptOptions, type AcceptOptions } from './accept';
import { print, withTown } from '../shared/connect';

interface SetOptions {
  arg?: string[];
  env?: string[];
  prompt?: 'argument' | 'flag' | 'none';
  promptFlag?: string;
  provider?: string;
}

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('settings of the town');
  config
    .command('default-agent [runtime]')
    .description('show or set the runtime that agents run with')
    .action(async (name: string | undefined, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(DefaultAgent.spec, { name }));
      print(command, result, () => result.name);
    });
  config
    .command('mayor [runtime]')
    .description("show or set the Mayor's runtime; '' for the default agent again")
    .action(async (name: string | undefined, _options, command: Command) => {
      const result = await withTown(command, (town) => town.call(MayorRuntime.spec, { name }));
      print(command, result, () => result.name);
    });
  const agent = config.command('agent').description('agent runtimes');
  agent
    .command('list')
    .description('all runtimes')
    .action(async (_options, command: Command) => {
      const runtimes = await withTown(command, (town) => town.call(AgentConfigList.spec, {}));
      print(command, runtimes, () => runtimes.map(runtimeLine));
    });
  agent
    .command('get <runtime>')
    .description('one runtime')
    .action(async (name: string, _options, command: Command) => {
      const runtime = findRuntime(await withTown(command, (town) => town.call(AgentConfigList.spec, {})), name);
      print(command, runtime, () => runtimeLine(runtime));
    });
  agent
    .command('set <name> <command>')
    .description('add or change a runtime of your own')
    .option(
      '--arg <argument...>',
      'arguments for autonomous work (write --arg=--flag for those that begin with a dash)',
    )
    .option('--env <NAME=value...>', 'environment')
    .option('--prompt <how>', 'how the first prompt is given: argument, flag or none')
    .option('--prompt-flag <flag>', 'the flag, for --prompt flag')
    .option('--provider <runtime>', 'the built-in runtime whose program it is: what is not given here is as there')
    .action(async (name: string, executable: string, options: SetOptions, command: Command) => {
      const settings = await settingsFrom(executable, options);
      const runtime = await withTown(command, (town) => town.call(AgentConfigSet.spec, { name, settings }));
      print(command, runtime, () => `✓ ${runtimeLine(runtime)}`);
    });
  agent
    .command('remove <runtime>')
    .description('remove a runtime of your own')
    .action(async (name: string, _options, command: Command) => {
      await withTown(command, (town) => town.call(AgentConfigRemove.spec, { name }));
      print(command, { removed: name }, () => `✓ Removed ${name}`);
    });
  withAcceptOptions(
    agent.command('accept <runtime>').description('let a runtime work in this town without its own safety prompts'),
  ).action(async (name: string, options: AcceptOptions, command: Command) => {
    await acceptOne(command, options, async (town) => {
      const runtime = findRuntime(await town.call(AgentConfigList.spec, {}), name);
      const { runtimeHash } = await import('../../town/consent');
      const hash = runtimeHash(name, runtime);
      return (await town.call(TownGetSnapshot.spec, { once: true })).attention.find(
        (item) => item.consent?.kind === 'runtime' && item.consent.hash === hash,
      );
    });
  });
}

function findRuntime(runtimes: readonly RuntimeInfo[], name: string): RuntimeInfo {
  const runtime = runtimes.find((candidate) => candidate.name === name);
  if (!runtime)
    throw new UserError(
      `there is no agent runtime ${name}`,
      `there are: ${runtimes.map((candidate) => candidate.name).join(', ')}`,
      'not-found',
    );
  return runtime;
}

function runtimeLine(runtime: RuntimeInfo): string {
  return `${runtime.name}${runtime.builtIn ? '' : ' (own)'}: ${[runtime.command, ...runtime.args].join(' ')}`;
}

async function settingsFrom(
  command: string,
  { arg, env, prompt, promptFlag, provider }: SetOptions,
): Promise<Params<typeof AgentConfigSet.spec>['settings']> {
  const { resolveRuntime } = await import('../../agents/runtimes');
  const like = provider === undefined ? undefined : resolveRuntime(provider, {});
  return {
    command,
    args: arg ?? like?.args ?? [],
    env: { ...like?.env, ...parseEnv(env) },
    prompt: prompt ?? like?.prompt,
    promptFlag: promptFlag ?? like?.promptFlag,
    provider,
  };
}

function parseEnv(entries: readonly string[] | undefined): Record<string, string> {
  return Object.fromEntries(
    (entries ?? []).map((entry) => {
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(entry) ?? [];
      if (name === undefined || value === undefined)
        throw new UserError(`"${entry}" is no environment variable`, 'write it as NAME=value');
      return [name, value];
    }),
  );
}
