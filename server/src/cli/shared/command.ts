import { Command, type Option } from 'commander';

/** What a help page says beyond the summary, the arguments and the options, which are part of the command itself. */
export interface HelpDetails {
  /** More than the one line. */
  text?: string;
  /** Runnable, each with what it is for. */
  examples?: readonly (readonly [command: string, purpose: string])[];
  /** What exit codes mean, where there is more to say than 0 for success and 1 for an error. */
  exits?: Readonly<Record<string, string>>;
  see?: readonly string[];
}

/** A command of `gt` or `bd`. Its help page stands beside it, in the same file. */
export class CliCommand extends Command {
  details: HelpDetails = {};

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  withHelp(details: HelpDetails): this {
    this.details = details;
    return this;
  }
}

/** A program at the root of a command line: `gt` or `bd`. */
export class CliProgram extends CliCommand {
  /** Headings of the overview, each with its commands. */
  groups: readonly (readonly [heading: string, commands: readonly string[]])[] = [];
  /** What arguments are, by name; an argument may have a description of its own. */
  glossary: Readonly<Record<string, string>> = {};

  withOverview(overview: Pick<CliProgram, 'groups' | 'glossary'>): this {
    this.groups = overview.groups;
    this.glossary = overview.glossary;
    return this;
  }
}

/** What somebody types to reach a command: `gt convoy create`. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

export function programOf(command: Command): CliProgram {
  const root = command.parent ? programOf(command.parent) : command;
  if (!(root instanceof CliProgram)) throw new Error(`${root.name()} is not a CliProgram`);
  return root;
}

/** The options of a command and of its parents. */
export function optionsOf(command: Command): Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])];
}

/** Commands that `--help` lists; hidden ones and aliases are left out. */
export function visibleCommands(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => command.commands.includes(child));
}
