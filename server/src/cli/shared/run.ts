import { UserError } from '../../base/errors';
import type { CliCommand, CliProgram, Invocation, Option } from './command';
import type { ValueSource } from './completion/completions';
import { errorText, type Terminal } from './output';
import type { HelpCall } from './parseFully';
import { parseQuickly, type ParsedCall } from './parseQuickly';

/** Commands that one module defines. It is loaded when one of them is called. */
export interface CommandModule {
  /** Names and aliases at the top level of the command line. */
  commands: readonly string[];
  add(program: CliProgram): Promise<void>;
}

/** The definition of a command line. */
export interface CommandLine {
  /** The program with its global options only. */
  createProgram(): CliProgram;
  modules: readonly CommandModule[];
  terminal: Terminal;
  /** Values of arguments and options, for completion. */
  values: ValueSource;
}

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
  const { terminal } = line;
  try {
    if (given[0] === '__complete') return await complete(line, given.slice(1));
    const program = line.createProgram();
    const words = isVersionRequest(given, program)
      ? ['version', ...given.filter((word) => !versionFlags.includes(word))]
      : given;
    await addCommandsFor(line, words, program);
    refuseBoth(words);
    const call = words.length === 0 ? { helpFor: program, exitCode: 0 } : await parse(program, words);
    if ('helpFor' in call)
      return await printHelp(terminal, { ...call, exitCode: call.exitCode && program.groupHelpExit });
    await runCall(call, terminal);
    return 0;
  } catch (error) {
    terminal.writeError(errorText(error, given.includes('--json')));
    return 1;
  }
}

/** An option and its opposite, of which the parsers take the later one. @throws UserError */
function refuseBoth(words: readonly string[]): void {
  const end = words.indexOf('--');
  const names = new Set((end < 0 ? words : words.slice(0, end)).map((word) => word.split('=')[0]!));
  for (const name of names)
    if (name.startsWith('--no-') && names.has(`--${name.slice('--no-'.length)}`))
      throw new UserError(`--${name.slice('--no-'.length)} and ${name} are mutually exclusive`, 'Give one of them.');
}

async function parse(program: CliProgram, words: readonly string[]): Promise<ParsedCall | HelpCall> {
  let quick: ParsedCall | undefined;
  try {
    quick = parseQuickly(program, words);
  } catch {
    // An invalid value: the full parser reports it.
  }
  return quick ?? (await import('./parseFully')).parseFully(program, words);
}

async function runCall(call: ParsedCall, terminal: Terminal): Promise<void> {
  const invocation: Invocation = {
    options: call.allOptions,
    printHelp: (command: CliCommand) => printHelp(terminal, { helpFor: command, exitCode: 0 }),
  };
  await call.command.run?.(...([...call.arguments, call.options, invocation] as never[]));
}

/** Adds the commands that these words need: all of them for help, and if the command is unknown. */
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
    const takesValue = (option: Option): boolean =>
      option.value === 'required' && (option.long === word || option.short === word);
    if (options.some(takesValue)) index += 1;
  }
  return undefined;
}

/** Whether `--version` comes before any command; after one it is an option of that command. */
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

/** Prints a help page; if a group was called without a command, as part of the error. */
async function printHelp(terminal: Terminal, { helpFor, exitCode }: HelpCall): Promise<number> {
  const page = (await import('./helpPage')).helpPage(helpFor);
  if (exitCode === 0) terminal.write(page);
  else {
    const example = `${helpFor.path} ${helpFor.commands[0]?.name ?? ''}`;
    const error = new UserError('no command given', `Choose one of these, such as "${example}".`);
    terminal.writeError(`${errorText(error, false)}\n${page}`);
  }
  return exitCode;
}
