import { UserError } from '../../base/errors';
import { closestMatch } from '../../base/text';
import { BUILD, PROTOCOL, VERSION } from '../../protocol/transport/version';
import type { CliCommand, Invocation } from './command';
import { completionScript, shells, type Shell } from './completion/scripts';
import type { CommandContext } from './context';

/** Commands about the command line itself: `help`, `version` and `completion`. */
export function addMetaCommands(program: CliCommand, context: CommandContext): void {
  addHelp(program, context);
  addVersion(program, context);
  addCompletion(program, context);
}

interface HelpOptions {
  all?: boolean;
  list?: boolean;
  doc?: string;
}

function addHelp(program: CliCommand, { terminal }: CommandContext): void {
  const name = program.name;
  const one = name === 'gt' ? 'convoy create' : 'dep add';
  program
    .command('help')
    .description('show all commands, or everything about one')
    .argument('[command...]', 'such as "create"')
    .option('--all', 'the pages of all commands')
    .option('--list', 'every command with its summary, one a line')
    .option('--doc <command>', 'the page of a command as Markdown')
    .withHelp({
      examples: [
        [`${name} help`, 'all commands'],
        [`${name} help ${one}`, 'one command'],
        [`${name} help --list | grep -i list`, 'find a command'],
        [`${name} help --doc "${one}"`, 'for a document'],
      ],
      see: [name === 'gt' ? 'bd help' : 'gt help'],
    })
    .action(async (words: string[], { all, list, doc }: HelpOptions, invocation: Invocation) => {
      if ([all, list, doc !== undefined, words.length > 0].filter(Boolean).length > 1)
        throw new UserError('name one command, or one of --all, --list and --doc', `${name} help --list`);
      if (all || list || doc !== undefined) {
        const { allPages, listOfCommands, markdownPage } = await import('./helpPage');
        if (doc !== undefined) terminal.write(markdownPage(findCommand(program, doc.split(/\s+/))));
        else terminal.write(all ? allPages(program) : listOfCommands(program));
      } else await invocation.printHelp(findCommand(program, words));
    });
}

/** Finds a command by its words. @throws UserError that suggests the most similar command */
function findCommand(program: CliCommand, words: readonly string[]): CliCommand {
  return words.reduce((found, word) => {
    const next = found.find(word);
    if (next) return next;
    const similar = closestMatch(
      word,
      found.commands.map((command) => command.name),
    );
    const hint = similar === undefined ? `See ${program.name} --help.` : `Did you mean ${similar}?`;
    throw new UserError(`unknown command '${word}'`, hint, 'not-found');
  }, program);
}

function addVersion(program: CliCommand, context: CommandContext): void {
  const name = program.name;
  program
    .command('version')
    .description('show the version')
    .withHelp({
      examples: [
        [`${name} version`, 'for a bug report'],
        [`${name} version --json`, 'for a program'],
      ],
      see: [name === 'gt' ? 'bd version' : 'gt version'],
    })
    .action((_options: unknown, invocation: Invocation) => {
      const version = { name, version: VERSION, build: BUILD, protocol: PROTOCOL, node: process.version };
      const build = BUILD === 0 ? 'from source' : new Date(BUILD).toISOString();
      context.print(
        invocation,
        version,
        () => `${name} version ${VERSION} (build ${build}, protocol ${PROTOCOL}, node ${process.version})`,
      );
    });
}

const completionTexts: Readonly<Record<string, string>> = {
  gt: 'Completes commands, options, beads, rigs, agents, convoys, formulas and runtimes. It asks a running server and never starts one.',
  bd: 'Completes commands, options, ids of beads, statuses, types and formulas. It asks a running server and never starts one; outside of a town it reads ids from issues.jsonl.',
};

function addCompletion(program: CliCommand, context: CommandContext): void {
  const name = program.name;
  program
    .command('completion')
    .description('print a script that completes commands in your shell')
    .argument('<shell>', 'which shell', { choices: shells })
    .withHelp({
      text: completionTexts[name],
      examples: [
        [`source <(${name} completion bash)`, 'in ~/.bashrc, or for zsh in ~/.zshrc after compinit'],
        [`${name} completion fish > ~/.config/fish/completions/${name}.fish`, 'for fish'],
      ],
      see: [name === 'gt' ? 'bd completion' : 'gt completion'],
    })
    .action((shell: Shell) => context.terminal.write(completionScript(name, shell)));
}
