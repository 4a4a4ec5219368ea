import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent, removeFile, writeFileAtomic, writeNamed } from '../../base/safeFiles';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { addRecipe, recipesIn, type Recipe } from './setupRecipes';

/** `bd setup`: adds instructions about beads to the rules files of coding assistants. */

const BEGIN = '<!-- BEGIN BEADS INTEGRATION -->';
const END = '<!-- END BEADS INTEGRATION -->';

const template = `# Beads Issue Tracking

The issues of this project are beads: run \`bd prime\` first, and use no other list of tasks.

- \`bd ready\` shows what can be worked on; \`bd update <id> --claim\` takes it.
- \`bd create "Title" -t bug -p 1 --deps discovered-from:<id>\` notes what you find on the way.
- \`bd remember "…"\` keeps what later sessions must know.
- \`bd close <id> --reason "…"\` ends it; \`bd sync\` before a commit.
`;

interface SetupOptions {
  list?: boolean;
  print?: boolean;
  output?: string;
  check?: boolean;
  remove?: boolean;
  add?: string;
}

export function addSetup(program: CliCommand, context: BdContext): void {
  program
    .command('setup [recipe]')
    .description("add instructions about beads to a coding assistant's rules file")
    .option('--list', 'list the assistants')
    .option('--print', 'print the text')
    .option('-o, --output <file>', 'write the text into this file')
    .option('--check', 'show whether the instructions are present')
    .option('--remove', 'remove the instructions')
    .option('--add <name>', 'add an assistant of the project, whose file follows: --add ours docs/agents.md')
    .option('--project', 'accepted: the files are always those of this folder')
    .option('--stealth', 'accepted: git is not mentioned anyway')
    .withHelp({
      text: 'If the file belongs to the assistant, such as AGENTS.md, only a section between two marks is written; the rest stays as it is.',
      examples: [
        ['bd setup --list', 'which there are, and their files'],
        ['bd setup claude', 'a section in CLAUDE.md'],
        ['bd setup --add ours docs/agents.md', 'another assistant, kept in .beads/recipes.json'],
        ['bd setup cursor --check', 'exit code 1 if they are missing'],
      ],
      exits: { 1: 'there is no such assistant; or, with --check, the instructions are missing' },
      see: ['bd prime', 'bd onboard'],
    })
    .action((name: string | undefined, options: SetupOptions, invocation: Invocation) => {
      if (options.list) return printList(invocation, context);
      if (options.print) return context.print(invocation, { text: template }, () => template.trimEnd());
      if (options.output !== undefined) return writeTemplate(invocation, context, options.output);
      if (options.add !== undefined && name === undefined)
        throw new UserError('--add needs the file, too', 'For example: bd setup --add ours docs/agents.md');
      if (name === undefined) return invocation.printHelp(program.commands.find((each) => each.name === 'setup')!);
      if (options.add !== undefined) return add(invocation, context, options.add, name);
      const recipe = recipesIn(context.process.cwd).get(name);
      if (!recipe) throw new UserError(`unknown recipe: ${name}`, "Use 'bd setup --list' to see available recipes.");
      if (options.check) return check(invocation, context, name, recipe);
      return options.remove ? remove(invocation, context, name, recipe) : install(invocation, context, name, recipe);
    });
}

function printList(invocation: Invocation, context: BdContext): void {
  const all = [...recipesIn(context.process.cwd)].map(([name, { title, file }]) => ({ name, title, file }));
  context.print(invocation, all, () => [
    'Available recipes:',
    '',
    ...all.map(({ name, title, file }) => `  ${name.padEnd(12)}  ${title}: ${file}`),
    '',
    "Use 'bd setup <recipe>' to install.",
  ]);
}

function add(invocation: Invocation, context: BdContext, name: string, file: string): void {
  addRecipe(context.process.cwd, name, file);
  context.print(invocation, { recipe: name, file }, () => [
    `✓ Added recipe '${name}' → ${file}`,
    `  Install with: bd setup ${name}`,
  ]);
}

function writeTemplate(invocation: Invocation, context: BdContext, file: string): void {
  writeNamed(path.resolve(context.process.cwd, file), template);
  context.print(invocation, { file }, () => `✓ Wrote template to ${file}`);
}

function install(invocation: Invocation, context: BdContext, name: string, recipe: Recipe): void {
  const file = path.join(context.process.cwd, recipe.file);
  const before = readTextIfPresent(file) ?? '';
  if (recipe.ownFile) writeFileAtomic(file, template);
  else {
    const rest = withoutSection(before, file).trimEnd();
    writeFileAtomic(file, `${rest === '' ? '' : `${rest}\n\n`}${BEGIN}\n${template}${END}\n`);
  }
  context.print(invocation, { recipe: name, file: recipe.file, installed: true }, () => [
    `Installing ${recipe.title} integration...`,
    '',
    `✓ ${recipe.title} integration installed`,
    `  Rules: ${recipe.file}`,
  ]);
}

function check(invocation: Invocation, context: BdContext, name: string, recipe: Recipe): void {
  const text = readTextIfPresent(path.join(context.process.cwd, recipe.file));
  const installed = text !== undefined && (recipe.ownFile === true || text.includes(BEGIN));
  if (!installed) context.exitCode = 1;
  context.print(invocation, { recipe: name, file: recipe.file, installed }, () =>
    installed
      ? `✓ ${recipe.title} integration installed: ${recipe.file}`
      : [`✗ ${recipe.title} integration not installed`, `  Run: bd setup ${name}`],
  );
}

function remove(invocation: Invocation, context: BdContext, name: string, recipe: Recipe): void {
  const file = path.join(context.process.cwd, recipe.file);
  const before = readTextIfPresent(file);
  const rest = before === undefined || recipe.ownFile ? '' : withoutSection(before, file).trimEnd();
  if (before !== undefined && rest === '') removeFile(file);
  else if (before !== undefined) writeFileAtomic(file, `${rest}\n`);
  context.print(invocation, { recipe: name, file: recipe.file, installed: false }, () => [
    `Removing ${recipe.title} integration...`,
    `✓ Removed ${recipe.title} integration`,
  ]);
}

/** Removes our section. @throws UserError if one of its marks is missing, so that its extent is unknown */
function withoutSection(text: string, file: string): string {
  const start = text.indexOf(BEGIN);
  if (start < 0) return text;
  const end = text.indexOf(END, start);
  if (end < 0) throw new UserError(`${file} has "${BEGIN}" and not its end`, `Put "${END}" where the section ends.`);
  return text.slice(0, start) + text.slice(end + END.length).replace(/^\n/, '');
}
