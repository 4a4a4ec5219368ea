import { CommanderError, type Command, type Option } from 'commander';
import { UserError } from '../../base/errors';
import { pathOf, type CliProgram } from './command';
import type { ValueSource } from './completion/completions';
import { errorText, type Terminal } from './output';

/** Commands that one module defines. It is loaded when one of them is called. */
export interface CommandModule {
  /** Names and aliases at the top level of the command line. */
  commands: readonly string[];
  add(program: CliProgram): Promise<void>;
}

/** What a command line consists of. */
export interface CommandLine {
  /** The program with its global options only. */
  createProgram(): CliProgram;
  modules: readonly CommandModule[];
  terminal: Terminal;
  /** Values of arguments and options, for completion. */
  values: ValueSource;
}

/** Hints for errors whose message comes from the parser. */
const parserHints: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'Write text that starts with a hyphen after -- or as --option=….',
};
const versionFlags = ['--version', '-V'];

/** The program with all its commands, for help, completion and tests. */
export async function wholeProgram(
  line: Pick<CommandLine, 'createProgram' | 'modules'>,
  program = line.createProgram(),
): Promise<CliProgram> {
  for (const module of line.modules) await module.add(program);
  return program;
}

/** Runs one command. Never throws. @returns the exit code */
export async function runCommandLine(line: CommandLine, given: readonly string[]): Promise<number> {
  let helpFor: Command | undefined;
  const { terminal } = line;
  try {
    if (given[0] === '__complete') return await complete(line, given.slice(1));
    const program = line
      .createProgram()
      .helpCommand(false)
      .exitOverride()
      // Help and errors are printed below.
      .configureHelp({
        formatHelp: (command) => {
          helpFor = command;
          return '';
        },
      })
      .configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    const words = isVersionRequest(given, program)
      ? ['version', ...given.filter((word) => !versionFlags.includes(word))]
      : given;
    await addCommandsFor(line, words, program);
    if (words.length === 0) helpFor = program;
    else await program.parseAsync(words, { from: 'user' });
    return helpFor ? await printHelp(terminal, helpFor, 0) : 0;
  } catch (error) {
    if (error instanceof CommanderError && helpFor) return printHelp(terminal, helpFor, error.exitCode);
    terminal.writeError(errorText(asUserError(error, line), given.includes('--json')));
    return 1;
  }
}

/** Adds the commands that these words need: all of them for help, and where the command is not known. */
async function addCommandsFor(line: CommandLine, words: readonly string[], program: CliProgram): Promise<void> {
  const word = commandWord(words, program.options);
  const modules = line.modules.filter((module) => word !== undefined && module.commands.includes(word));
  const needsAll = modules.length === 0 || word === 'help';
  await wholeProgram(needsAll ? line : { ...line, modules }, program);
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

/** `--version` before any command; after one it is an option of that command. */
function isVersionRequest(words: readonly string[], program: CliProgram): boolean {
  return commandWord(words, program.options) === undefined && words.some((word) => versionFlags.includes(word));
}

async function complete(line: CommandLine, [shell, ...words]: readonly string[]): Promise<number> {
  const { completions } = await import('./completion/completions');
  const program = line.createProgram();
  await addCommandsFor(line, words.slice(0, -1), program);
  line.terminal.write(await completions(program, shell, words, line.values));
  return 0;
}

/** @param code other than 0 where a group was named without one of its commands: the page is then part of the error */
async function printHelp(terminal: Terminal, command: Command, code: number): Promise<number> {
  const page = (await import('./helpPage')).helpPage(command);
  if (code === 0) terminal.write(page);
  else {
    const example = `${pathOf(command)} ${command.commands[0]?.name() ?? ''}`;
    const error = new UserError('no command given', `Choose one of these, such as "${example}".`);
    terminal.writeError(`${errorText(error, false)}\n${page}`);
  }
  return code;
}

function asUserError(error: unknown, line: CommandLine): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const similar = /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? '')?.[1];
  const hint =
    similar === undefined
      ? (parserHints[error.code] ?? `See ${line.createProgram().name()} --help.`)
      : `Did you mean ${similar}?`;
  return new UserError(message, hint);
}
