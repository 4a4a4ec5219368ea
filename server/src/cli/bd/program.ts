import { Command, CommanderError } from 'commander';
import { UserError } from '../../base/errors';
import { errorText } from '../output';
import { addChanges } from './commands/change';
import { addComments } from './commands/comment';
import { addCreate } from './commands/create';
import { addDep } from './commands/dep';
import { addFiles } from './commands/file';
import { addFormulas } from './commands/formula';
import { addInfo } from './commands/info';
import { addLabels } from './commands/label';
import { addMolecules } from './commands/mol';
import { addQueries } from './commands/query';
import { BdContext, type GlobalOptions, type Surroundings } from './context';

/** The whole command line. */
export function buildBd(context: BdContext): Command {
  const program = new Command('bd')
    .description('beads: issues that live in git, with dependencies')
    .option('--json', 'print JSON')
    .option('--actor <name>', 'who acts (default: BD_ACTOR, BEADS_ACTOR, git user.name, $USER)')
    .option('--db <path>', 'the .beads folder to use (default: BEADS_DIR, else the nearest one)')
    .option('-q, --quiet', 'print errors only')
    // Options of the Go tool that have no meaning here: there is no daemon and nothing to flush.
    .option('--no-daemon', 'accepted, has no effect')
    .option('--no-auto-flush', 'accepted, has no effect')
    .option('--no-auto-import', 'accepted, has no effect')
    .option('--sandbox', 'accepted, has no effect')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.write(text),
      writeErr: () => undefined, // runBd prints what is thrown
    });
  addCreate(program, context);
  addQueries(program, context);
  addChanges(program, context);
  addDep(program, context);
  addLabels(program, context);
  addComments(program, context);
  addInfo(program, context);
  addFiles(program, context);
  addFormulas(program, context);
  addMolecules(program, context);
  return program;
}

/** Runs one command. Never throws. @returns the exit code */
export async function runBd(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const context = new BdContext(surroundings);
  const program = buildBd(context);
  try {
    if (words.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync(words, { from: 'user' });
    return context.failed ? 1 : 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help
    const json = program.opts<GlobalOptions>().json ?? words.includes('--json');
    surroundings.terminal.writeError(errorText(asUserError(error), json));
    return 1;
  }
}

function asUserError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, '');
  if (error.code === 'commander.help') return new UserError('no command given', 'See bd --help.');
  const hint = error.code === 'commander.unknownOption' ? 'A text that begins with a hyphen goes behind -- or into --title=…' : 'See bd --help.';
  return new UserError(message, hint);
}
