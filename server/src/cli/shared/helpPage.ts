import { programOf, type Argument, type CliCommand, type CliProgram, type HelpDetails, type Option } from './command';

/** Width of a page; longer words and examples are not broken. */
const WIDTH = 100;
const GAP = 2;
/** Width of the column of names in the overview, the same in all groups. */
const OVERVIEW_COLUMNS = 12;
const MAX_NAME_COLUMNS = 34;
const INDENT = '  ';

type Row = [name: string, text: string];

/** The help page of a command. */
export function helpPage(command: CliCommand): string {
  const { details } = command;
  const program = programOf(command);
  const isRoot = command === program;
  const sections = [
    [`${command.path} - ${command.summary}`],
    ['Usage:', `${INDENT}${usage(command)}`],
    command.aliases.length > 0 ? [`Also called: ${command.aliases.join(', ')}`] : [],
    details.text === undefined ? [] : wrap(details.text, WIDTH),
    ...(isRoot ? overview(program) : [table('Commands:', command.visibleCommands.map(commandRow))]),
    table('Arguments:', command.arguments.map(argumentRow(command))),
    table('Options:', shownOptions(command).map(optionRow)),
    isRoot ? [] : table('Options of every command:', commonOptions(program)),
    exampleLines(details),
    table('Exit codes:', Object.entries(details.exits ?? {})),
    details.see && details.see.length > 0 ? ['See also:', `${INDENT}${details.see.join(', ')}`] : [],
    isRoot ? [`More about one command: ${command.name} help <command>`] : [],
  ];
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`;
}

/** The commands in the help, each before its subcommands. */
function shownCommands(command: CliCommand): CliCommand[] {
  return [command, ...command.visibleCommands.flatMap(shownCommands)];
}

/** The pages of a program and all of its commands, one after another. */
export function allPages(program: CliCommand): string {
  return shownCommands(program)
    .map(helpPage)
    .join(`\n${'-'.repeat(WIDTH)}\n\n`);
}

/** Every command with its summary, one per line. */
export function listOfCommands(program: CliCommand): string {
  const commands = shownCommands(program).slice(1);
  const columns = Math.max(...commands.map(({ path }) => path.length)) + GAP;
  return commands.map(({ path, summary }) => `${path.padEnd(columns)}${summary}\n`).join('');
}

/** The page of a command as Markdown. */
export function markdownPage(command: CliCommand): string {
  return `## ${command.path}\n\n\`\`\`text\n${helpPage(command)}\`\`\`\n`;
}

export function argumentText(command: CliCommand, argument: Argument): string {
  const notes = [argument.choices ? `one of ${argument.choices.join(', ')}` : ''];
  return withNotes(argument.description || programOf(command).glossary[argument.name] || '', notes);
}

export function optionText(option: Option): string {
  return withNotes(option.description, [
    option.choices ? `one of ${option.choices.join(', ')}` : '',
    option.defaultValue === undefined ? '' : `default: ${String(option.defaultValue)}`,
    option.mandatory ? 'required' : '',
  ]);
}

export function usage(command: CliCommand): string {
  const isGroup = command.commands.length > 0 && command.arguments.length === 0;
  return [command.path, '[options]', ...command.arguments.map(argumentName), ...(isGroup ? ['<command>'] : [])].join(
    ' ',
  );
}

export function argumentName(argument: Argument): string {
  const name = `${argument.name}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

export function shownOptions(command: CliCommand): Option[] {
  return command.options.filter((option) => !option.hidden);
}

function withNotes(text: string, notes: readonly string[]): string {
  const given = notes.filter((note) => note !== '');
  return given.length === 0 ? text : `${text} (${given.join('; ')})`;
}

function overview(program: CliProgram): string[][] {
  return program.groups.map(([heading, names]) =>
    table(
      `${heading}:`,
      names.map((name): Row => [name, program.find(name)?.summary ?? '']),
      OVERVIEW_COLUMNS,
    ),
  );
}

/** A row with only the name, as in the overview: arguments are on the page of the command. */
function commandRow(command: CliCommand): Row {
  return [command.name, command.summary];
}

function argumentRow(command: CliCommand): (argument: Argument) => Row {
  return (argument) => [argumentName(argument), argumentText(command, argument)];
}

function optionRow(option: Option): Row {
  return [option.flags, optionText(option)];
}

/** Rows of the common options. Those without effect, for scripts of other tools, are only listed in the overview. */
function commonOptions(program: CliProgram): Row[] {
  const effective = shownOptions(program).filter((option) => !option.description.endsWith('has no effect'));
  return [...effective.map(optionRow), ['-h, --help', 'show this page']];
}

function exampleLines({ examples = [] }: HelpDetails): string[] {
  if (examples.length === 0) return [];
  const lines = examples.flatMap(([command, purpose]) => [`# ${purpose}`, ...command.split('\n')]);
  return ['Examples:', ...lines.map((line) => `${INDENT}${line}`)];
}

function table(heading: string, rows: readonly Row[], minColumns = 0): string[] {
  if (rows.length === 0) return [];
  const longest = Math.max(...rows.map(([name]) => name.length)) + GAP;
  const columns = Math.max(minColumns, Math.min(MAX_NAME_COLUMNS, longest));
  const blank = `${INDENT}${' '.repeat(columns)}`;
  return [
    heading,
    ...rows.flatMap(([name, text]) => {
      const [first = '', ...rest] = wrap(text, WIDTH - columns - INDENT.length);
      const head =
        name.length + GAP > columns
          ? [`${INDENT}${name}`, `${blank}${first}`]
          : [`${INDENT}${name.padEnd(columns)}${first}`];
      return [...head, ...rest.map((line) => `${blank}${line}`)];
    }),
  ];
}

/** Wraps a text at this width; its own line breaks are kept. */
function wrap(text: string, width: number): string[] {
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
