#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { errorText } from '../output';
import { addAttentionCommands } from './commands/attention';
import { addConfigCommands } from './commands/config';
import { addConvoyCommands } from './commands/convoy';
import { addCrewCommands } from './commands/crew';
import { addEscalateCommands } from './commands/escalate';
import { addMailCommands } from './commands/mail';
import { addMayorCommands } from './commands/mayor';
import { addMergeQueueCommands } from './commands/mergeQueue';
import { addMoleculeCommands } from './commands/mol';
import { addRigCommands } from './commands/rig';
import { addSupervisionCommands } from './commands/supervision';
import { addTownCommands } from './commands/town';
import { addWorkCommands } from './commands/work';

function makeProgram(): Command {
  const program = new Command('gt')
    .description('Gas Town: a fleet of coding agents, from the shell')
    .option('--json', 'machine-readable output')
    .option('--town <folder>', 'which town (default: the one that you are in, or your only one)')
    .option('--actor <name>', 'who acts (default: git user.name)')
    .showHelpAfterError('(add --help for the options)')
    .exitOverride();
  addTownCommands(program);
  addRigCommands(program);
  addConfigCommands(program);
  addConvoyCommands(program);
  addWorkCommands(program);
  addMergeQueueCommands(program);
  addSupervisionCommands(program);
  addMoleculeCommands(program);
  addMailCommands(program);
  addEscalateCommands(program);
  addMayorCommands(program);
  addCrewCommands(program);
  addAttentionCommands(program);
  return program;
}

async function main(): Promise<void> {
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    // Commander has printed its own message (or the help) already.
    if (!(error instanceof CommanderError)) process.stderr.write(errorText(error, process.argv.includes('--json')));
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
  }
}

void main();
