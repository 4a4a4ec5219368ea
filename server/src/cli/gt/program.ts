import { Command } from 'commander';
import type { Terminal } from '../shared/output';
import { runProgram, wholeProgram, type Part } from '../shared/run';

function root(): Command {
  return new Command('gt')
    .description('Gas Town: a fleet of coding agents, from the shell')
    .option('--json', 'machine-readable output')
    .option('--town <folder>', 'which town (default: the one that you are in, or your only one)')
    .option('--actor <name>', 'who acts (default: git user.name)')
    .option('-V, --version', 'print the version');
}

/** Where each command is defined. */
const parts: readonly Part[] = [
  {
    commands: ['install', 'up', 'down', 'status', 'stop', 'shutdown'],
    add: async (program) => (await import('./town')).addTownCommands(program),
  },
  { commands: ['rig'], add: async (program) => (await import('./rig')).addRigCommands(program) },
  { commands: ['config'], add: async (program) => (await import('./config')).addConfigCommands(program) },
  { commands: ['convoy'], add: async (program) => (await import('./convoy')).addConvoyCommands(program) },
  {
    commands: ['sling', 'prime', 'hook', 'done', 'runtime'],
    add: async (program) => (await import('./work')).addWorkCommands(program),
  },
  {
    commands: ['mq', 'mr'],
    add: async (program) => (await import('./mq')).addMergeQueueCommands(program),
  },
  {
    commands: ['agents', 'peek', 'nudge', 'handoff', 'session', 'polecat'],
    add: async (program) => (await import('./supervision')).addSupervisionCommands(program),
  },
  {
    commands: ['mol', 'molecule'],
    add: async (program) => (await import('./mol')).addMoleculeCommands(program),
  },
  { commands: ['mail'], add: async (program) => (await import('./mail')).addMailCommands(program) },
  {
    commands: ['escalate', 'escalation'],
    add: async (program) => (await import('./escalate')).addEscalateCommands(program),
  },
  {
    commands: ['mayor', 'attach'],
    add: async (program) => (await import('./mayor')).addMayorCommands(program),
  },
  { commands: ['crew'], add: async (program) => (await import('./crew')).addCrewCommands(program) },
  {
    commands: ['attention', 'accept'],
    add: async (program) => (await import('./attention')).addAttentionCommands(program),
  },
  {
    commands: ['help', 'version', 'completion'],
    add: async (program) => (await import('./meta')).addAbout(program),
  },
];

/** The whole command line. */
export function buildGt(): Promise<Command> {
  return wholeProgram({ root, parts });
}

/** Runs one command. Never throws. @returns the exit code */
export async function runGt(words: readonly string[], terminal: Terminal): Promise<number> {
  return runProgram(
    {
      name: 'gt',
      root,
      parts,
      terminal,
      helpPage: async (command) =>
        (await import('../shared/help/page')).helpPage(command, (await import('./manual')).gtManual),
      values: async (...place) => (await import('./completionValues')).gtValues(...place),
    },
    words,
  );
}
