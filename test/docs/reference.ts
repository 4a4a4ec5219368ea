import { BdContext } from '../../server/src/cli/bd/context';
import { wholeBd } from '../../server/src/cli/bd/program';
import { programOf, type CliCommand, type CliProgram } from '../../server/src/cli/shared/command';
import { argumentName, argumentText, optionText, shownOptions, usage } from '../../server/src/cli/shared/helpPage';
import { GtContext } from '../../server/src/cli/gt/context';
import { wholeGt } from '../../server/src/cli/gt/program';

/** Documents that are generated from the commands' own help, by the name of their file in `docs/`. */
export async function references(): Promise<Record<string, string>> {
  const terminal = { write: () => undefined, writeError: () => undefined, colour: false };
  const context = { terminal, cwd: '/', env: {}, readStdin: () => '' };
  return {
    'reference-gt.md': page(await wholeGt(new GtContext(context))),
    'reference-bd.md': page(await wholeBd(new BdContext(context))),
  };
}

function page(program: CliProgram): string {
  const { name, groups } = program;
  const commands = groups.flatMap(([heading, names]) => [
    `## ${heading}`,
    ...names.flatMap((word) => leaves(program.find(word)!).map((command) => section(command))),
  ]);
  return `${[
    `# ${name}`,
    `Generated from \`${name} help\` by \`npm run docs\`. Do not edit.`,
    `${sentence(program.summary)} ${prose(program.details.text ?? '')}`.trim(),
    '## Options of every command',
    options(program),
    ...commands,
  ].join('\n\n')}\n`;
}

/** The command with those below it; a group that does nothing itself has a line only. */
function leaves(command: CliCommand): CliCommand[] {
  return [command, ...command.visibleCommands.flatMap(leaves)];
}

function section(command: CliCommand): string {
  const { text, examples = [], exits = {}, see = [] } = command.details;
  const rows = [
    ...command.arguments.map(
      (argument) => `- \`${argumentName(argument)}\`: ${prose(argumentText(command, argument))}`,
    ),
    ...(shownOptions(command).length > 0 ? [options(command)] : []),
    ...Object.entries(exits).map(([code, meaning]) => `- exit code ${code}: ${prose(meaning)}`),
  ];
  return [
    `### ${command.path}`,
    sentence(command.summary),
    ...(command.run ? [`\`${usage(command)}\``] : []),
    ...(text === undefined ? [] : [prose(text)]),
    ...(rows.length > 0 ? [rows.join('\n')] : []),
    ...(examples.length > 0 ? [shell(examples)] : []),
    ...(see.length > 0 ? [`See also: ${see.map(link(programOf(command).name)).join(', ')}`] : []),
  ].join('\n\n');
}

function options(command: CliCommand): string {
  return shownOptions(command)
    .map((option) => `- \`${option.flags}\`: ${prose(optionText(option))}`)
    .join('\n');
}

function shell(examples: NonNullable<CliCommand['details']['examples']>): string {
  const lines = examples.flatMap(([example, purpose]) => [`# ${purpose}`, example]);
  return ['```sh', ...lines, '```'].join('\n');
}

/** A link to a command's section; options behind it are not part of its name. */
function link(own: string): (reference: string) => string {
  return (reference) => {
    const words = reference.split(' ').filter((word) => !word.startsWith('-'));
    const file = words[0] === own ? '' : `reference-${words[0]}.md`;
    return `[${reference}](${file}#${words.join('-')})`;
  };
}

function sentence(text: string): string {
  return prose(`${text[0]!.toUpperCase()}${text.slice(1)}.`);
}

/** Text that Markdown shows as it is. */
function prose(text: string): string {
  return text.replace(/[<`]/g, '\\$&');
}
