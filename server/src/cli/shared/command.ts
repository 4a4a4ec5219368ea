/** Parts of a help page besides summary, arguments and options, which belong to the command itself. */
export interface HelpDetails {
  /** A longer description. */
  text?: string;
  /** Runnable examples, each with its purpose. */
  examples?: readonly (readonly [command: string, purpose: string])[];
  /** Meaning of exit codes, if they are more than 0 for success and 1 for an error. */
  exits?: Readonly<Record<string, string>>;
  see?: readonly string[];
}

/**
 * Parses the value of an option or argument. Gets the earlier value if it may be given several times.
 * @throws InvalidValue
 */
export type ValueParser = (text: string, earlier: never) => unknown;

/** An invalid value of an option or argument; the message lists the valid ones. */
export class InvalidValue extends Error {}

export interface Argument {
  name: string;
  description: string;
  required: boolean;
  /** Takes all remaining words. */
  variadic: boolean;
  choices?: readonly string[];
  parse?: ValueParser;
}

export interface Option {
  /** The option as it is shown: `-n, --limit <count>`. */
  flags: string;
  short?: string;
  long: string;
  /** Name of its value in the options of a call: `titleContains`. */
  key: string;
  /** `--no-daemon`: its value is false. */
  negated: boolean;
  /** Whether a value follows it. */
  value: 'none' | 'required' | 'optional';
  /** Takes all words up to the next option. */
  variadic: boolean;
  description: string;
  parse?: ValueParser;
  defaultValue?: string | number | boolean;
  choices?: readonly string[];
  /** The value if an optional one is left out. */
  preset?: string;
  /** The option is required. */
  mandatory?: boolean;
  /** Not shown in help and completion. */
  hidden?: boolean;
}

/** One call of a command, after parsing. */
export interface Invocation {
  /** The options of the command, and those of its parents. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Prints the help page of a command. */
  printHelp(command: CliCommand): Promise<unknown>;
}

/**
 * The implementation of a command. Gets its arguments, then its own options, then the whole call; may be asynchronous.
 */
export type Action = (...values: never[]) => unknown;

/** A command of `gt` or `bd`, as data. Its help page is in the same file. */
export class CliCommand {
  readonly commands: CliCommand[] = [];
  readonly arguments: Argument[] = [];
  readonly options: Option[] = [];
  readonly aliases: string[] = [];
  summary = '';
  details: HelpDetails = {};
  run: Action | undefined;

  constructor(
    readonly name: string,
    readonly parent?: CliCommand,
    readonly hidden = false,
  ) {}

  /** Adds a subcommand. @param declaration its name and its arguments: `close [ids...]` */
  command(declaration: string, { hidden = false } = {}): CliCommand {
    const [name = '', ...words] = declaration.split(' ');
    const command = new CliCommand(name, this, hidden);
    for (const word of words) command.argument(word);
    this.commands.push(command);
    return command;
  }

  description(summary: string): this {
    this.summary = summary;
    return this;
  }

  alias(name: string): this {
    this.aliases.push(name);
    return this;
  }

  /** Adds an argument. @param declaration `<id>`, `[id]`, `<ids...>` or `[ids...]` */
  argument(declaration: string, description = '', more: Pick<Argument, 'parse' | 'choices'> = {}): this {
    const name = declaration.slice(1, -1).replace(/\.\.\.$/, '');
    const [required, variadic] = [
      declaration.startsWith('<'),
      declaration.endsWith('...>') || declaration.endsWith('...]'),
    ];
    this.arguments.push({ name, description, required, variadic, ...more });
    return this;
  }

  option(flags: string, description: string, parse?: ValueParser, defaultValue?: Option['defaultValue']): this {
    return this.addOption(flags, description, { parse, defaultValue });
  }

  /** Adds an option that is accepted but not shown. */
  hiddenOption(flags: string, description: string, parse?: ValueParser): this {
    return this.addOption(flags, description, { parse, hidden: true });
  }

  addOption(
    flags: string,
    description: string,
    more: Pick<Option, 'parse' | 'defaultValue' | 'choices' | 'preset' | 'mandatory' | 'hidden'>,
  ): this {
    this.options.push({ ...optionFrom(flags), description, ...more });
    return this;
  }

  withHelp(details: HelpDetails): this {
    this.details = details;
    return this;
  }

  action(run: Action): this {
    this.run = run;
    return this;
  }

  /** The subcommand with this name or alias. */
  find(name: string): CliCommand | undefined {
    return this.commands.find((command) => command.name === name || command.aliases.includes(name));
  }

  /** The words that call the command: `gt convoy create`. */
  get path(): string {
    return this.parent ? `${this.parent.path} ${this.name}` : this.name;
  }

  /** Subcommands that help lists. */
  get visibleCommands(): CliCommand[] {
    return this.commands.filter((command) => !command.hidden);
  }
}

/** The program at the root of a command line: `gt` or `bd`. */
export class CliProgram extends CliCommand {
  /** Headings of the overview, each with its commands. */
  groups: readonly (readonly [heading: string, commands: readonly string[]])[] = [];
  /** Exit code if a group is called without a command: 0 if the help page is the answer, 1 if it is an error. */
  groupHelpExit: 0 | 1 = 1;
  /** Default descriptions of arguments, by name. */
  glossary: Readonly<Record<string, string>> = {};

  withOverview(overview: Pick<CliProgram, 'groups' | 'glossary'> & { groupHelpExit?: 0 | 1 }): this {
    this.groups = overview.groups;
    this.groupHelpExit = overview.groupHelpExit ?? this.groupHelpExit;
    this.glossary = overview.glossary;
    return this;
  }
}

export function programOf(command: CliCommand): CliProgram {
  const root = command.parent ? programOf(command.parent) : command;
  if (!(root instanceof CliProgram)) throw new Error(`${root.name} is not a CliProgram`);
  return root;
}

/** The options of a command and of its parents. */
export function optionsOf(command: CliCommand): Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])];
}

function optionFrom(flags: string): Omit<Option, 'description'> {
  const [, short, long = '', value = ''] = /^(?:(-\w), )?(--[\w-]+)(?: (.+))?$/.exec(flags) ?? [];
  const negated = long.startsWith('--no-');
  return {
    flags,
    short,
    long,
    key: long.slice(negated ? 5 : 2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    negated,
    value: value === '' ? 'none' : value.startsWith('[') ? 'optional' : 'required',
    variadic: /\.\.\.[>\]]$/.test(value),
  };
}
