import {
  Argument as CommanderArgument,
  Command,
  CommanderError,
  InvalidArgumentError,
  Option as CommanderOption,
} from 'commander';
import { UserError } from '../../base/errors';
import { InvalidValue, type Argument, type CliCommand, type Option, type ValueParser } from './command';
import { mergeOptions, type ParsedCall } from './parseQuickly';

/** A request for a help page: explicit, or because a group was called without a command. */
export interface HelpCall {
  helpFor: CliCommand;
  /** 0 if help was requested. */
  exitCode: number;
}

/**
 * Parses the words with commander: every form of options, help, and errors.
 * @throws UserError
 */
export function parseFully(program: CliCommand, words: readonly string[]): ParsedCall | HelpCall {
  let call: ParsedCall | undefined;
  let helpFor: CliCommand | undefined;
  let failed: CliCommand = program;
  const root = commanderOf(program, {
    found: (found) => (call = found),
    help: (command) => (helpFor = command),
    failed: (command) => (failed = command),
  });
  try {
    root.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (helpFor) return { helpFor, exitCode: error.exitCode };
    throw userErrorOf(error, failed);
  }
  if (helpFor) return { helpFor, exitCode: 0 };
  if (!call) throw new Error(`commander ran nothing for ${words.join(' ')}`);
  return call;
}

interface Listeners {
  found(call: ParsedCall): void;
  help(command: CliCommand): void;
  /** Called with the command in whose words there is an error, before the error is thrown. */
  failed(command: CliCommand): void;
}

function commanderOf(definition: CliCommand, listeners: Listeners): Command {
  const command = new Command(definition.name)
    .description(definition.summary)
    .aliases(definition.aliases)
    .helpCommand(false)
    .exitOverride((error) => {
      listeners.failed(definition);
      throw error;
    })
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .configureHelp({
      formatHelp: () => {
        listeners.help(definition);
        return '';
      },
    });
  for (const argument of definition.arguments) command.addArgument(commanderArgument(argument));
  for (const option of definition.options) command.addOption(commanderOption(option));
  for (const child of definition.commands) command.addCommand(commanderOf(child, listeners), { hidden: child.hidden });
  if (definition.run)
    command.action(() => {
      requireOptions(definition, command);
      listeners.found({
        command: definition,
        arguments: command.processedArgs as unknown[],
        ...mergeOptions(
          definition,
          pathTo(command).map((each) => each.opts()),
        ),
      });
    });
  return command;
}

/** The program, the groups and the command itself. */
function pathTo(command: Command): Command[] {
  return [...(command.parent ? pathTo(command.parent) : []), command];
}

/** Checks required options after everything else, so that an unknown option is reported first. */
function requireOptions({ options }: CliCommand, command: Command): void {
  const missing = options.find((option) => option.mandatory && command.getOptionValue(option.key) === undefined);
  if (missing)
    command.error(`required option '${missing.flags}' not specified`, {
      code: 'commander.missingMandatoryOptionValue',
    });
}

function commanderArgument({ name, description, required, variadic, choices, parse }: Argument): CommanderArgument {
  const inner = `${name}${variadic ? '...' : ''}`;
  const argument = new CommanderArgument(required ? `<${inner}>` : `[${inner}]`, description);
  if (choices) argument.choices(choices);
  if (parse) argument.argParser(commanderParser(parse));
  return argument;
}

function commanderOption(option: Option): CommanderOption {
  const result = new CommanderOption(option.flags, option.description);
  if (option.choices) result.choices(option.choices);
  if (option.parse) result.argParser(commanderParser(option.parse));
  if (option.defaultValue !== undefined) result.default(option.defaultValue);
  if (option.preset !== undefined) result.preset(option.preset);
  return result.hideHelp(option.hidden === true);
}

function commanderParser(parse: ValueParser): (text: string, earlier: unknown) => unknown {
  return (text, earlier) => {
    try {
      return parse(text, earlier as never);
    } catch (error) {
      throw error instanceof InvalidValue ? new InvalidArgumentError(error.message) : error;
    }
  };
}

function userErrorOf(error: CommanderError, command: CliCommand): UserError {
  const [text = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const message = text.replace(/^unknown option '(-[^']*)'/, 'unknown flag: $1');
  const similar = /\(Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? '')?.[1];
  if (similar !== undefined) return new UserError(message, `Did you mean ${similar}?`);
  const takesText = error.code === 'commander.unknownOption' && command.arguments.length > 0;
  const advice = takesText ? ' Text that starts with a hyphen goes after --, or into --option=….' : '';
  return new UserError(message, `See ${command.path} --help.${advice}`);
}
