import { Command } from 'commander';
import { wholeProgram, runProgram, type Part } from '../shared/run';
import { BdContext, type Surroundings } from './context';

function root(): Command {
  return (
    new Command('bd')
      .description('beads: issues that live in git, with dependencies')
      .option('--json', 'print JSON')
      .option('--actor <name>', 'who acts (default: BD_ACTOR, BEADS_ACTOR, git user.name, $USER)')
      .option('--db <path>', 'the .beads folder to use (default: BEADS_DIR, else the nearest one)')
      .option('-q, --quiet', 'print errors only')
      .option('-V, --version', 'print the version')
      // Options of the Go tool that have no meaning here: there is no daemon and nothing to flush.
      .option('--no-daemon', 'accepted, has no effect')
      .option('--no-auto-flush', 'accepted, has no effect')
      .option('--no-auto-import', 'accepted, has no effect')
      .option('--sandbox', 'accepted, has no effect')
  );
}

/** Where each command is defined. */
function parts(context: BdContext): Part[] {
  return [
    {
      commands: ['create', 'new'],
      add: async (program) => (await import('./create')).addCreate(program, context),
    },
    {
      commands: ['show', 'view', 'list', 'ls', 'ready', 'blocked'],
      add: async (program) => (await import('./query')).addQueries(program, context),
    },
    {
      commands: ['update', 'close', 'done', 'reopen', 'delete', 'rm'],
      add: async (program) => (await import('./change')).addChanges(program, context),
    },
    { commands: ['dep'], add: async (program) => (await import('./dep')).addDep(program, context) },
    { commands: ['label'], add: async (program) => (await import('./label')).addLabels(program, context) },
    {
      commands: ['comment', 'comments'],
      add: async (program) => (await import('./comment')).addComments(program, context),
    },
    {
      commands: ['stats', 'status', 'events', 'activity'],
      add: async (program) => (await import('./info')).addInfo(program, context),
    },
    {
      commands: ['init', 'export', 'import', 'merge'],
      add: async (program) => (await import('./file')).addFiles(program, context),
    },
    {
      commands: ['formula', 'cook'],
      add: async (program) => (await import('./formula')).addFormulas(program, context),
    },
    {
      commands: ['mol', 'molecule'],
      add: async (program) => (await import('./mol')).addMolecules(program, context),
    },
    {
      commands: ['help', 'version', 'completion'],
      add: async (program) => (await import('./meta')).addAbout(program, context),
    },
  ];
}

/** The whole command line. */
export function buildBd(context: BdContext): Promise<Command> {
  return wholeProgram({ root, parts: parts(context) });
}

/** Runs one command. Never throws. @returns the exit code */
export async function runBd(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const context = new BdContext(surroundings);
  const code = await runProgram(
    {
      name: 'bd',
      root,
      parts: parts(context),
      terminal: surroundings.terminal,
      helpPage: async (command) =>
        (await import('../shared/help/page')).helpPage(command, (await import('./manual')).bdManual),
      values: async (...place) => (await import('./completionValues')).bdValues(context, ...place),
    },
    words,
  );
  return context.failed ? 1 : code;
}
