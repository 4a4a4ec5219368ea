import { CommanderError, type Command, type Option } from 'commander';
import { UserError } from '../../base/errors';
import type { ValueSource } from './completion/completions';
import { errorText, type Terminal } from './output';

/** Commands that are defined in one file, which is loaded when one of them is asked for. */
export interface Part {
  /** Names and aliases at the top of the command line. */
  commands: readonly string[];
  add(program: Command): Promise<void> | void;
}

/** One of the two command lines. */
export interface CommandLine {
  name: 'gt' | 'bd';
  /** The program with its global options only. */
  root(): Command;
  parts: readonly Part[];
  terminal: Terminal;
  /** The page that `--help` prints. Loaded only then: a command that is run needs none of it. */
  helpPage(command: Command): Promise<string>;
  /** What may stand where a completion is asked for. */
  values: ValueSource;
}

/** Hints for errors whose message is the parser's. */
const hints: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'A text that begins with a hyphen goes behind -- or into --option=…',
};

/** The whole command line, for help, completion and tests. */
export async function wholeProgram(line: Pick<CommandLine, 'root' | 'parts'>, root = line.root()): Promise<Command> {
  for (const part of line.parts) await part.add(root);
  return root;
}

/** The command line as far as these words need it. */
async function programFor(line: CommandLine, words: readonly string[], root: Command): Promise<Command> {
  const word = commandWord(words, root.options);
  const parts = line.parts.filter((part) => word !== undefined && part.commands.includes(word));
  return parts.length > 0 && word !== 'help' ? wholeProgram({ ...line, parts }, root) : wholeProgram(line, root);
}

/** The first word that is neither an option nor the value of one. */
function commandWord(words: readonly string[], options: readonly Option[]): string | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (!word.startsWith('-')) return word;
    if (options.some((option) => option.required && (option.long === word || option.short === word))) index += 1;
  }
  return undefined;
}

/** Runs one command. Never throws. @returns the exit code */
export async function runProgram(line: CommandLine, given: readonly string[]): Promise<number> {
  let wanted: Command | undefined;
  const { terminal } = line;
  try {
    if (given[0] === '__complete') return await complete(line, given.slice(1));
    const root = line
      .root()
      .helpCommand(false)
      .exitOverride()
      .configureHelp({
        formatHelp: (command) => {
          wanted = command;
          return '';
        },
      }) // the page is printed below
      .configureOutput({ writeOut: () => undefined, writeErr: () => undefined }); // and so is what is thrown
    const words = versionAsked(given, root)
      ? ['version', ...given.filter((word) => !versionFlags.includes(word))]
      : given;
    const program = await programFor(line, words, root);
    if (words.length === 0) wanted = program;
    else await program.parseAsync(words, { from: 'user' });
    return wanted ? await help(line, wanted, 0) : 0;
  } catch (error) {
    if (error instanceof CommanderError && wanted) return help(line, wanted, error.exitCode);
    terminal.writeError(errorText(asUserError(error, line.name), given.includes('--json')));
    return 1;
  }
}

const versionFlags = ['--version', '-V'];

/** Before a command it asks for the version; behind one it is that command's affair. */
function versionAsked(words: readonly string[], root: Command): boolean {
  return commandWord(words, root.options) === undefined && words.some((word) => versionFlags.includes(word));
}

async function complete(line: CommandLine, [shell, ...words]: readonly string[]): Promise<number> {
  const { completions } = await import('./completion/completions');
  const program = await programFor(line, words.slice(0, -1), line.root());
  line.terminal.write(await completions(program, shell, words, line.values));
  return 0;
}

/** Asked for, or shown to somebody who named a group and no command of it. */
async function help(line: CommandLine, command: Command, code: number): Promise<number> {
  const page = await line.helpPage(command);
  if (code === 0) line.terminal.write(page);
  else
    line.terminal.writeError(
      `${errorText(new UserError('no command given', `Choose one of these, such as "${pathOf(command)} ${command.commands[0]?.name() ?? ''}".`), false)}\n${page}`,
    );
  return code;
}

/** What somebody types to get there: `gt convoy create`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function asUserError(error: unknown, name: string): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const similar = /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? '')?.[1];
  return new UserError(
    message,
    similar === undefined ? (hints[error.code] ?? `See ${name} --help.`) : `Did you mean ${similar}?`,
  );
}
