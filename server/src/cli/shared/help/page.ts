import type { Argument, Command, Option } from 'commander';
import { pathOf } from '../run';
import type { Manual, Page } from './manual';

const WIDTH = 100;
const GAP = 2;
/** Columns of the names in the overview, in all its groups. */
const OVERVIEW = 12;
const INDENT = '  ';

type Row = [name: string, text: string];

/** The page of a command: what `--help` and `help` print. */
export function helpPage(command: Command, manual: Manual): string {
  const page = pageOf(command, manual);
  const isRoot = command.parent === null;
  const sections = [
    [`${pathOf(command)} - ${command.description()}`],
    ['Usage:', `${INDENT}${usage(command)}`],
    ...(command.aliases().length > 0 ? [[`Also called: ${command.aliases().join(', ')}`]] : []),
    ...(page.text === undefined ? [] : [wrapped(page.text, WIDTH)]),
    ...(isRoot
      ? manual.groups.map(([heading, names]) =>
          table(
            `${heading}:`,
            names.map((name) => commandRow(command, name)),
            OVERVIEW,
          ),
        )
      : [table('Commands:', subcommands(command).map(rowOf))]),
    table(
      'Arguments:',
      command.registeredArguments.map((argument) => [argumentName(argument), argumentText(argument, manual)]),
    ),
    table(
      'Options:',
      shown(command).map((option): Row => [option.flags, optionText(option)]),
    ),
    ...(isRoot
      ? []
      : [
          table('Options of every command:', [
            ...shown(rootOf(command))
              .filter((option) => !isIdle(option))
              .map((option): Row => [option.flags, optionText(option)]),
            ['-h, --help', 'show this page'],
          ]),
        ]),
    exampleLines(page),
    table('Exit codes:', Object.entries(page.exits ?? {})),
    page.see && page.see.length > 0 ? ['See also:', `${INDENT}${page.see.join(', ')}`] : [],
    ...(isRoot ? [[`All about one command: ${command.name()} help <command>`]] : []),
  ];
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`;
}

export function pageOf(command: Command, manual: Manual): Page {
  return manual.pages[pathOf(command).split(' ').slice(1).join(' ')] ?? {};
}

export function argumentText(argument: Argument, manual: Manual): string {
  const notes = [
    argument.argChoices ? `one of ${argument.argChoices.join(', ')}` : '',
    argument.defaultValue === undefined ? '' : `default: ${String(argument.defaultValue)}`,
  ];
  return withNotes(argument.description || manual.glossary[argument.name()] || '', notes);
}

function optionText(option: Option): string {
  const isSwitch = !option.required && !option.optional;
  return withNotes(option.description, [
    option.argChoices ? `one of ${option.argChoices.join(', ')}` : '',
    isSwitch || option.defaultValue === undefined ? '' : `default: ${String(option.defaultValue)}`,
    option.mandatory ? 'required' : '',
  ]);
}

function withNotes(text: string, notes: readonly string[]): string {
  const given = notes.filter((note) => note !== '');
  return given.length === 0 ? text : `${text} (${given.join('; ')})`;
}

function usage(command: Command): string {
  const group = command.commands.length > 0 && command.registeredArguments.length === 0;
  return [
    pathOf(command),
    '[options]',
    ...command.registeredArguments.map(argumentName),
    ...(group ? ['<command>'] : []),
  ].join(' ');
}

function argumentName(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function subcommands(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => command.commands.includes(child));
}

function commandRow(program: Command, name: string): Row {
  const command = program.commands.find((child) => child.name() === name);
  return [name, command?.description() ?? ''];
}

function rowOf(command: Command): Row {
  return [[command.name(), ...command.registeredArguments.map(argumentName)].join(' '), command.description()];
}

function shown(command: Command): readonly Option[] {
  return command.options.filter((option) => !option.hidden);
}

/** Kept for those who come from another tool; the overview alone lists it. */
function isIdle(option: Option): boolean {
  return option.description.endsWith('has no effect');
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}

function exampleLines({ examples = [] }: Page): string[] {
  return examples.length === 0
    ? []
    : [
        'Examples:',
        ...examples.flatMap(([command, purpose]) => [
          `${INDENT}# ${purpose}`,
          ...command.split('\n').map((line) => `${INDENT}${line}`),
        ]),
      ];
}

function table(heading: string, rows: readonly Row[], least = 0): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(least, Math.min(34, Math.max(...rows.map(([name]) => name.length)) + GAP));
  return [
    heading,
    ...rows.flatMap(([name, text]) => {
      const [first = '', ...rest] = wrapped(text, WIDTH - width - INDENT.length);
      const head =
        name.length + GAP > width
          ? [`${INDENT}${name}`, `${INDENT}${' '.repeat(width)}${first}`]
          : [`${INDENT}${name.padEnd(width)}${first}`];
      return [...head, ...rest.map((line) => `${INDENT}${' '.repeat(width)}${line}`)];
    }),
  ];
}

/** Lines of at most this width; a line break of the text stays one. */
function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [''];
    for (const word of paragraph.split(' ')) {
      const last = lines.at(-1)!;
      if (last === '') lines[lines.length - 1] = word;
      else if (last.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = `${last} ${word}`;
    }
    return lines;
  });
}
