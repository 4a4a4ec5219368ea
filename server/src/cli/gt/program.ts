import type { StartedLink } from '../../protocol/transport/commandClient';
import { CliProgram } from '../shared/command';
import type { ProcessContext } from '../shared/context';
import { runCommandLine, wholeProgram, type CommandModule } from '../shared/run';
import { GtContext } from './context';

const groups = [
  ['Work', ['sling', 'status', 'attention', 'accept', 'mayor', 'costs']],
  ['Agents', ['agents', 'peek', 'attach', 'nudge', 'stop', 'session', 'polecat', 'crew']],
  ['Convoys and merge queue', ['convoy', 'mq', 'land', 'merge-queue', 'refinery']],
  ['Mail and escalation', ['mail', 'escalate']],
  ['Town and rigs', ['install', 'rig', 'config', 'up', 'down', 'shutdown']],
  ['For agents', ['prime', 'hook', 'mol', 'verify', 'done', 'handoff']],
  ['About gt', ['help', 'version', 'completion']],
] as const;

const glossary = {
  agent: 'address of an agent, such as toy/rust, toy/crew/ann or mayor',
  rig: 'name of a rig',
  convoy: 'id of a convoy',
  bead: 'id of a bead',
  beads: 'ids of beads',
  change: 'id of a bead or of its merge request, or a branch',
  mail: 'id of a mail',
  escalation: 'id of an escalation',
  attention: 'id that "gt attention" shows',
  member: 'name of a crew member',
  polecat: 'name of a polecat, such as rust',
  runtime: 'name of an agent runtime, such as claude or script',
  'on-or-off': 'the new value',
  request: 'id of the request',
  step: 'id of a step',
};

function createProgram(): CliProgram {
  return new CliProgram('gt')
    .description('Gas Town: a fleet of coding agents, from the shell')
    .option('--json', 'print JSON')
    .option('--town <folder>', 'the town (default: the one around the working directory, or your only one)')
    .option('--actor <name>', 'who acts (default: git user.name)')
    .option('-V, --version', 'print the version')
    .withOverview({ groups, glossary })
    .withHelp({
      text: 'Works from anywhere: the town is the one around the working directory, else your only one. The server is started when it is needed; agents start only while the engine is running.',
      examples: [
        ['gt install ~/gt', 'create a town'],
        ['gt rig add toy ~/src/toy --gate test="npm test" --yes', 'add a repository and the command that tests it'],
        ['gt sling toy-a1b2c toy', 'assign a bead to an agent'],
        ['gt up', 'start the engine'],
        ['gt status', 'show the state of the town'],
      ],
      exits: { 0: 'success', 1: 'failure; the reason is on standard error (as JSON with --json)' },
    });
}

/** The module of each command. */
function modules(context: GtContext): CommandModule[] {
  return [
    { commands: ['accept'], add: async (program) => (await import('./accept')).addAccept(program, context) },
    { commands: ['agents'], add: async (program) => (await import('./agents')).addAgents(program, context) },
    { commands: ['attach'], add: async (program) => (await import('./attach')).addAttach(program, context) },
    { commands: ['attention'], add: async (program) => (await import('./attention')).addAttention(program, context) },
    { commands: ['config'], add: async (program) => (await import('./config')).addConfig(program, context) },
    { commands: ['costs'], add: async (program) => (await import('./costs')).addCosts(program, context) },
    { commands: ['convoy'], add: async (program) => (await import('./convoy')).addConvoy(program, context) },
    { commands: ['crew'], add: async (program) => (await import('./crew')).addCrew(program, context) },
    { commands: ['done'], add: async (program) => (await import('./done')).addDone(program, context) },
    { commands: ['verify'], add: async (program) => (await import('./verify')).addVerify(program, context) },
    { commands: ['down'], add: async (program) => (await import('./up')).addDown(program, context) },
    {
      commands: ['escalate', 'escalation'],
      add: async (program) => (await import('./escalate')).addEscalate(program, context),
    },
    { commands: ['handoff'], add: async (program) => (await import('./handoff')).addHandoff(program, context) },
    { commands: ['hook'], add: async (program) => (await import('./hook')).addHook(program, context) },
    { commands: ['install'], add: async (program) => (await import('./install')).addInstall(program, context) },
    { commands: ['land'], add: async (program) => (await import('./land')).addLand(program, context) },
    {
      commands: ['merge-queue'],
      add: async (program) => (await import('./mergeQueue')).addMergeQueue(program, context),
    },
    {
      commands: ['refinery'],
      add: async (program) => (await import('./mergeQueue')).addRefinery(program, context),
    },
    { commands: ['mail'], add: async (program) => (await import('./mail')).addMail(program, context) },
    { commands: ['mayor'], add: async (program) => (await import('./mayor')).addMayor(program, context) },
    { commands: ['mol', 'molecule'], add: async (program) => (await import('./mol')).addMol(program, context) },
    { commands: ['mq', 'mr'], add: async (program) => (await import('./mq')).addMq(program, context) },
    { commands: ['nudge'], add: async (program) => (await import('./nudge')).addNudge(program, context) },
    { commands: ['peek'], add: async (program) => (await import('./peek')).addPeek(program, context) },
    { commands: ['polecat'], add: async (program) => (await import('./polecat')).addPolecat(program, context) },
    { commands: ['prime'], add: async (program) => (await import('./prime')).addPrime(program, context) },
    { commands: ['rig'], add: async (program) => (await import('./rig')).addRig(program, context) },
    { commands: ['runtime'], add: async (program) => (await import('./runtime')).addRuntime(program, context) },
    { commands: ['session'], add: async (program) => (await import('./session')).addSession(program, context) },
    { commands: ['shutdown'], add: async (program) => (await import('./shutdown')).addShutdown(program, context) },
    { commands: ['sling'], add: async (program) => (await import('./sling')).addSling(program, context) },
    { commands: ['status'], add: async (program) => (await import('./status')).addStatus(program, context) },
    { commands: ['stop'], add: async (program) => (await import('./stop')).addStop(program, context) },
    { commands: ['up'], add: async (program) => (await import('./up')).addUp(program, context) },
    {
      commands: ['help', 'version', 'completion'],
      add: async (program) => (await import('../shared/metaCommands')).addMetaCommands(program, context),
    },
  ];
}

/** The program with all its commands. */
export function wholeGt(context: GtContext): Promise<CliProgram> {
  return wholeProgram({ createProgram, modules: modules(context) });
}

/** Runs one command. Never throws. @returns the exit code */
export async function runGt(words: readonly string[], process: ProcessContext, started?: StartedLink): Promise<number> {
  const context = new GtContext(process, started);
  const code = await runCommandLine(
    {
      createProgram,
      modules: modules(context),
      terminal: process.terminal,
      values: async (...place) => (await import('./completionValues')).gtValues(process, ...place),
    },
    words,
  );
  return code || context.exitCode;
}
