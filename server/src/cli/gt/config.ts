import { UserError } from '../../base/errors';
import type { Params } from '../../protocol/request';
import {
  AgentConfigList,
  AgentConfigRemove,
  AgentConfigSet,
  DefaultAgent,
  LandingSettings,
  MayorRuntime,
  mergeStrategies,
  TownGetSnapshot,
  type MergeStrategy,
  type RuntimeInfo,
} from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { acceptConsent, withAcceptOptions, type AcceptOptions } from './accept';
import { addPrice } from './configPrice';
import type { GtContext } from './context';

interface SetOptions {
  arg?: string[];
  env?: string[];
  prompt?: 'argument' | 'flag' | 'none';
  promptFlag?: string;
  provider?: string;
}

export function addConfig(program: CliCommand, context: GtContext): void {
  const config = program.command('config').description('settings of the town');
  addDefaultAgent(config, context);
  addMayor(config, context);
  addMayorMayLand(config, context);
  addMergeStrategy(config, context);
  addFeatureBranch(config, context);
  addPrice(config, context);
  const agent = config.command('agent').description('agent runtimes');
  addList(agent, context);
  addGet(agent, context);
  addSet(agent, context);
  addRemove(agent, context);
  addAccept(agent, context);
}

function addDefaultAgent(config: CliCommand, context: GtContext): void {
  config
    .command('default-agent [runtime]')
    .description('show or set the runtime that agents use')
    .withHelp({
      examples: [
        ['gt config default-agent', 'show it'],
        ['gt config default-agent claude', 'change it'],
      ],
      see: ['gt config agent list', 'gt sling --agent'],
    })
    .action(async (name: string | undefined, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, DefaultAgent.spec, { name });
      context.print(invocation, result, () => result.name);
    });
}

function addMayor(config: CliCommand, context: GtContext): void {
  config
    .command('mayor [runtime]')
    .description("show or set the Mayor's runtime; '' resets it to the default agent")
    .withHelp({
      examples: [
        ['gt config mayor claude', 'change it'],
        ["gt config mayor ''", 'use the default agent again'],
      ],
      see: ['gt mayor ask'],
    })
    .action(async (name: string | undefined, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, MayorRuntime.spec, { name });
      context.print(invocation, result, () => result.name);
    });
}

function addMayorMayLand(config: CliCommand, context: GtContext): void {
  addSwitch(config, 'mayor-may-land', 'show or set whether the Mayor may land work directly')
    .withHelp({
      examples: [
        ['gt config mayor-may-land', 'show it'],
        ['gt config mayor-may-land on', 'allow it'],
      ],
      see: ['gt land'],
    })
    .action(async (value: Switch | undefined, _options: unknown, invocation: Invocation) => {
      const settings = await context.call(invocation, LandingSettings.spec, { mayorMayLand: isOn(value) });
      context.print(invocation, { allowed: settings.mayorMayLand }, () => switchOf(settings.mayorMayLand));
    });
}

function addFeatureBranch(config: CliCommand, context: GtContext): void {
  addSwitch(config, 'feature-branch', 'show or set whether new convoys collect their beads on a feature branch')
    .withHelp({
      text: 'Applies to convoys without a setting of their own, in rigs without one.',
      examples: [
        ['gt config feature-branch', 'show it'],
        ['gt config feature-branch on', 'new convoys land as a whole'],
      ],
      see: ['gt convoy create', 'gt rig set'],
    })
    .action(async (value: Switch | undefined, _options: unknown, invocation: Invocation) => {
      const settings = await context.call(invocation, LandingSettings.spec, { featureBranch: isOn(value) });
      context.print(invocation, { featureBranch: settings.featureBranch }, () => switchOf(settings.featureBranch));
    });
}

const switches = ['on', 'off'] as const;
type Switch = (typeof switches)[number];

function addSwitch(config: CliCommand, name: string, description: string): CliCommand {
  return config.command(name).argument('[on-or-off]', 'the new value', { choices: switches }).description(description);
}

function isOn(value: Switch | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'on';
}

function switchOf(value: boolean): Switch {
  return value ? 'on' : 'off';
}

function addMergeStrategy(config: CliCommand, context: GtContext): void {
  config
    .command('merge-strategy')
    .argument('[strategy]', 'the new value', { choices: mergeStrategies })
    .description('show or set the default merge strategy, for rigs that do not set their own')
    .withHelp({
      text: 'squash: one commit for each bead. rebase: the commits of the author. merge: the commits of the author, and one that merges them. local: as squash, but nothing is pushed. pr: a pull request.',
      examples: [
        ['gt config merge-strategy', 'show it'],
        ['gt config merge-strategy rebase', 'change it'],
      ],
      see: ['gt rig set'],
    })
    .action(async (strategy: MergeStrategy | undefined, _options: unknown, invocation: Invocation) => {
      const { mergeStrategy } = await context.call(invocation, LandingSettings.spec, { mergeStrategy: strategy });
      context.print(invocation, { strategy: mergeStrategy }, () => mergeStrategy);
    });
}

function addList(agent: CliCommand, context: GtContext): void {
  agent
    .command('list')
    .description('list all runtimes')
    .withHelp({ examples: [['gt config agent list', 'built-in ones and your own']], see: ['gt config agent set'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const runtimes = await context.call(invocation, AgentConfigList.spec, {});
      context.print(invocation, runtimes, () => runtimes.map(runtimeLine));
    });
}

function addGet(agent: CliCommand, context: GtContext): void {
  agent
    .command('get <runtime>')
    .description('show one runtime')
    .withHelp({
      examples: [
        ['gt config agent get claude', 'how it is started'],
        ['gt config agent get claude --json', 'all its settings'],
      ],
      see: ['gt config agent set'],
    })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      const runtime = findRuntime(await context.call(invocation, AgentConfigList.spec, {}), name);
      context.print(invocation, runtime, () => runtimeLine(runtime));
    });
}

function addSet(agent: CliCommand, context: GtContext): void {
  agent
    .command('set')
    .description('add or change a runtime of your own')
    .argument('<name>', 'name of the runtime')
    .argument('<command>', 'the program to run')
    .option('--arg <argument...>', 'arguments for autonomous work (write --arg=--flag if one starts with a hyphen)')
    .option('--env <NAME=value...>', 'environment')
    .option('--prompt <how>', 'how the first prompt is given: argument, flag or none')
    .option('--prompt-flag <flag>', 'the flag, for --prompt flag')
    .option('--provider <runtime>', 'the built-in runtime that it is based on; its settings are the defaults')
    .withHelp({
      examples: [
        ['gt config agent set mine /opt/bin/agent --arg=--yolo', 'a program of your own'],
        ['gt config agent set fast claude --provider claude --env MODEL=haiku', 'a built-in one with other settings'],
      ],
      see: ['gt config agent accept'],
    })
    .action(async (name: string, executable: string, options: SetOptions, invocation: Invocation) => {
      const settings = await settingsOf(executable, options);
      const runtime = await context.call(invocation, AgentConfigSet.spec, { name, settings });
      context.print(invocation, runtime, () => `✓ ${runtimeLine(runtime)}`);
    });
}

function addRemove(agent: CliCommand, context: GtContext): void {
  agent
    .command('remove <runtime>')
    .description('remove a runtime of your own')
    .withHelp({ examples: [['gt config agent remove mine', 'remove it']], see: ['gt config agent set'] })
    .action(async (name: string, _options: unknown, invocation: Invocation) => {
      await context.call(invocation, AgentConfigRemove.spec, { name });
      context.print(invocation, { removed: name }, () => `✓ Removed ${name}`);
    });
}

function addAccept(agent: CliCommand, context: GtContext): void {
  withAcceptOptions(
    agent.command('accept <runtime>').description('allow a runtime to run without permission prompts in this town'),
  )
    .withHelp({
      text: 'Agents run without the permission prompts of their runtime. You are asked once for each runtime of a town.',
      examples: [
        ['gt config agent accept claude', 'show the commands that it would run'],
        ['gt config agent accept claude --yes', 'accept it'],
      ],
      exits: { 1: 'it was only shown' },
      see: ['gt accept'],
    })
    .action(async (name: string, options: AcceptOptions, invocation: Invocation) => {
      await acceptConsent(invocation, context, options, async (town) => {
        findRuntime(await town.call(AgentConfigList.spec, {}), name);
        const { attention } = await town.call(TownGetSnapshot.spec, { once: true });
        return attention.find((item) => item.consent?.kind === 'runtime' && item.consent.runtime === name);
      });
    });
}

function findRuntime(runtimes: readonly RuntimeInfo[], name: string): RuntimeInfo {
  const runtime = runtimes.find((candidate) => candidate.name === name);
  if (!runtime)
    throw new UserError(
      `there is no agent runtime ${name}`,
      `runtimes: ${runtimes.map((candidate) => candidate.name).join(', ')}`,
      'not-found',
    );
  return runtime;
}

function runtimeLine(runtime: RuntimeInfo): string {
  return `${runtime.name}${runtime.builtIn ? '' : ' (own)'}: ${[runtime.command, ...runtime.args].join(' ')}`;
}

async function settingsOf(
  command: string,
  { arg, env, prompt, promptFlag, provider }: SetOptions,
): Promise<Params<typeof AgentConfigSet.spec>['settings']> {
  const { resolveRuntime } = await import('../../agents/runtimes');
  const base = provider === undefined ? undefined : resolveRuntime(provider, {});
  return {
    command,
    args: arg ?? base?.args ?? [],
    env: { ...base?.env, ...parseEnvironment(env) },
    prompt: prompt ?? base?.prompt,
    promptFlag: promptFlag ?? base?.promptFlag,
    provider,
  };
}

function parseEnvironment(entries: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(entry) ?? [];
      if (name === undefined || value === undefined)
        throw new UserError(`"${entry}" is not an environment variable`, 'write it as NAME=value');
      return [name, value];
    }),
  );
}
