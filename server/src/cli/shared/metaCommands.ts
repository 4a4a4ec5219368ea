import { Argument, type Command } from 'commander';
import { closestMatch } from '../../base/text';
import { UserError } from '../../base/errors';
import { BUILD, PROTOCOL, VERSION } from '../../protocol/transport/version';
import { shells, type Shell } from './completion/shells';

type Print = (command: Command, value: unknown, lines: () => string[]) => void;

/** What both command lines say about themselves: `help`, `version` and `completion`. */
export function addAboutCommands(program: Command, print: Print, write: (text: string) => void): void {
  program
    .command('help')
    .description('show the commands, or all about one')
    .argument('[command...]', 'such as "create"')
    .action((words: string[]) => findCommand(program, words).outputHelp());
  program
    .command('version')
    .description('show which version this is')
    .action((_options, command: Command) => {
      const about = { name: program.name(), version: VERSION, build: BUILD, protocol: PROTOCOL, node: process.version };
      print(command, about, () => [
        `${about.name} ${VERSION} (build ${BUILD === 0 ? 'from source' : new Date(BUILD).toISOString()}, protocol ${PROTOCOL}, node ${process.version})`,
      ]);
    });
  program
    .command('completion')
    .description('print the script that completes commands in your shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion/scripts');
      write(completionScript(program.name(), shell));
    });
}

/** @throws UserError that names the closest one */
function findCommand(program: Command, words: readonly string[]): Command {
  return words.reduce((found, word) => {
    const next = found.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next) return next;
    const near = closestMatch(
      word,
      found.commands.map((command) => command.name()),
    );
    throw new UserError(
      `unknown command '${word}'`,
      near === undefined ? `See ${program.name()} --help.` : `Did you mean ${near}?`,
      'not-found',
    );
  }, program);
}
