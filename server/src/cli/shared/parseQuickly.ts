import type { Argument, CliCommand, Option } from './command';

/** A parsed call: the command and its values. */
export interface ParsedCall {
  command: CliCommand;
  arguments: unknown[];
  /** The command's own options, also those that its group has too and therefore takes, wherever they stand. */
  options: Record<string, unknown>;
  /** Its own options and those of its parents, of which the outer ones take precedence. */
  allOptions: Record<string, unknown>;
}

/**
 * Parses the simple forms of nearly every call, without loading the full parser (`parseFully`), which takes longer than
 * the rest of a command. A test compares the two.
 * @returns undefined if the words have another form or an error, or request help: these are left to the full parser
 */
export function parseQuickly(program: CliCommand, words: readonly string[]): ParsedCall | undefined {
  const levels: Level[] = [new Level(program)];
  const operands: string[] = [];
  let onlyOperands = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const level = levels.at(-1)!;
    if (word === '--' && !onlyOperands) onlyOperands = true;
    else if (isOption(word) && !onlyOperands) {
      const used = takeOption(levels, word, words[index + 1]);
      if (used === undefined) return undefined;
      index += used;
    } else {
      const next = operands.length === 0 ? level.command.find(word) : undefined;
      if (next) levels.push(new Level(next));
      else operands.push(word);
    }
  }
  return callOf(levels, operands);
}

/** A command on the path to the called one, with its given options. */
class Level {
  readonly values: Record<string, unknown> = {};

  constructor(readonly command: CliCommand) {
    const { options } = command;
    for (const option of options) {
      const hasPositive = options.some((other) => !other.negated && other.key === option.key);
      if (option.defaultValue !== undefined) this.values[option.key] = option.defaultValue;
      else if (option.negated && !hasPositive) this.values[option.key] = true;
    }
  }
}

/** Whether a word is an option; `-` alone is a value: standard input. */
function isOption(word: string): boolean {
  return word.startsWith('-') && word.length > 1;
}

/** Parses an option. @returns number of further words that it used; undefined if it is not a simple form */
function takeOption(levels: readonly Level[], word: string, following: string | undefined): 0 | 1 | undefined {
  const equals = word.startsWith('--') ? word.indexOf('=') : -1;
  const name = equals < 0 ? word : word.slice(0, equals);
  // Options of the program are also options of every command, and take precedence.
  for (const { command, values } of levels) {
    const option = command.options.find((candidate) => candidate.long === name || candidate.short === name);
    if (!option) continue;
    if (option.variadic) return undefined;
    const isLast = following === undefined || isOption(following);
    if (option.value === 'optional' && /^-\d/.test(following ?? '')) return undefined; // a negative number
    if (equals < 0 && (option.value === 'none' || (option.value === 'optional' && isLast))) {
      values[option.key] =
        option.preset === undefined ? !option.negated : parsed(option, option.preset, values[option.key]);
      return 0;
    }
    const text = equals < 0 ? following : word.slice(equals + 1);
    const isPlain = equals < 0 ? option.value === 'required' && !isLast : option.value !== 'none';
    if (!isPlain || text === undefined || (option.choices && !option.choices.includes(text))) return undefined;
    values[option.key] = parsed(option, text, values[option.key]);
    return equals < 0 ? 1 : 0;
  }
  return undefined;
}

function callOf(levels: readonly Level[], operands: readonly string[]): ParsedCall | undefined {
  const { command, values } = levels.at(-1)!;
  const isMissing = (option: Option): boolean => option.mandatory === true && values[option.key] === undefined;
  if (!command.run || command.options.some(isMissing)) return undefined;
  const given = argumentsOf(command.arguments, operands);
  return (
    given && {
      command,
      arguments: given,
      ...mergeOptions(
        command,
        levels.map((level) => level.values),
      ),
    }
  );
}

/** @param levels values of the program, the groups and the command itself, in this order */
export function mergeOptions(
  command: CliCommand,
  levels: readonly Readonly<Record<string, unknown>>[],
): Pick<ParsedCall, 'options' | 'allOptions'> {
  const merge = (several: typeof levels): Record<string, unknown> =>
    Object.assign({}, ...several.toReversed()) as Record<string, unknown>;
  const allOptions = merge(levels);
  const belowProgram = merge(levels.slice(1));
  const isOwn = (key: string): boolean => command.options.some((option) => option.key === key);
  return { options: Object.fromEntries(Object.entries(belowProgram).filter(([key]) => isOwn(key))), allOptions };
}

function argumentsOf(declared: readonly Argument[], operands: readonly string[]): unknown[] | undefined {
  const last = declared.at(-1);
  if (operands.length > declared.length && !last?.variadic) return undefined;
  const values: unknown[] = [];
  for (const [index, argument] of declared.entries()) {
    const given = argument.variadic ? operands.slice(index) : operands.slice(index, index + 1);
    if (given.length === 0 && argument.required) return undefined;
    if (argument.choices && !given.every((text) => argument.choices!.includes(text))) return undefined;
    if (argument.variadic && argument.parse) return undefined;
    const value = given[0] === undefined ? undefined : parsed(argument, given[0], undefined);
    values.push(argument.variadic ? given : value);
  }
  return values;
}

function parsed({ parse }: Pick<Option, 'parse'>, text: string, earlier: unknown): unknown {
  return parse ? parse(text, earlier as never) : text;
}
