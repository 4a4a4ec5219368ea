import { UserError } from '../../base/errors';
import { BeadCreate } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import {
  collect,
  defined,
  descriptionOf,
  parseDeps,
  parseMetadata,
  parsePriority,
  parseWhen,
  warnIfPast,
  withDescriptionOptions,
  type DescriptionOptions,
} from './options';

interface CreateOptions extends DescriptionOptions {
  title?: string;
  type?: string;
  priority?: number;
  assignee?: string;
  labels?: string[];
  label?: string[];
  id?: string;
  parent?: string;
  deps?: [string, string][];
  prefix?: string;
  rig?: string;
  design?: string;
  acceptance?: string;
  notes?: string;
  externalRef?: string;
  defer?: string;
  metadata?: Record<string, unknown>;
  ephemeral?: boolean;
  silent?: boolean;
  dryRun?: boolean;
}

export function addCreate(program: CliCommand, context: BdContext): void {
  const command = program
    .command('create')
    .alias('new')
    .description('create a bead')
    .argument('[title]', 'title; write it after -- or as --title=… if it starts with a hyphen')
    .option('--title <title>', 'title')
    .option('-t, --type <type>', 'task, bug, feature, chore, epic, …')
    .option('-p, --priority <priority>', '0-4 or P0-P4, 0 is the most urgent', parsePriority)
    .option('-a, --assignee <name>', 'assignee');
  withDescriptionOptions(command)
    .option('-l, --labels <labels>', 'labels, separated by commas', collect)
    .hiddenOption('--label <label>', 'same as --labels', collect)
    .option('--parent <id>', 'make it a child of this bead')
    .option('--deps <deps>', 'dependencies type:id or id, separated by commas', parseDeps)
    .option('--id <id>', 'use this id')
    .option('--prefix <prefix>', 'create it in the ledger with this prefix')
    .option('--rig <name>', 'create it in the ledger of this rig')
    .option('--design <text>', 'design notes')
    .option('--acceptance <text>', 'acceptance criteria')
    .option('--notes <text>', 'notes')
    .option('--external-ref <ref>', 'reference in another system, such as gh-9')
    .option('--defer <time>', 'hide it from ready until then (+6h, tomorrow, 2026-01-31)')
    .option('--metadata <json>', 'JSON object, or @file', parseMetadata)
    .option('--ephemeral', 'a wisp: never written to issues.jsonl')
    .option('--silent', 'print the id only')
    .option('--dry-run', 'show what would be created')
    .withHelp({
      text: 'The description says what an agent has to do; for the runtime "script" its ```sh blocks are executed. Defaults: type task, priority 2, no assignee.',
      examples: [
        ['bd create "Add a login page" -t feature -p 1 -l web', 'with type, priority and label'],
        ['bd create --title="Write the docs" --deps app-a1b2c --silent', 'waits for another bead; prints only its id'],
        ['bd create "Long story" --body-file story.md --parent app-a1b2c', 'description from a file, below an epic'],
      ],
      see: ['bd dep add', 'bd update', 'gt sling'],
    })
    .action(async (title: string | undefined, options: CreateOptions, invocation: Invocation) => {
      const bead = await context.call(invocation, BeadCreate.spec, paramsOf(title, options, context));
      if (options.silent) return context.terminal.write(`${bead.id}\n`);
      const done = options.dryRun ? 'Would create issue' : 'Created issue';
      context.print(invocation, bead, () => [
        `${context.paint('green', '✓')} ${done}: ${bead.id}`,
        `  ${oneLine(bead.title)}`,
      ]);
    });
}

function paramsOf(title: string | undefined, options: CreateOptions, context: BdContext) {
  if (title !== undefined && options.title !== undefined && title !== options.title)
    throw new UserError('give the title only once, as argument or as --title');
  const now = new Date();
  const defer = options.defer === undefined ? undefined : parseWhen(options.defer, now);
  warnIfPast(defer, now, (text) => context.note(text));
  const labels = [...(options.labels ?? []), ...(options.label ?? [])];
  return {
    title: options.title ?? title ?? '',
    ...defined({
      description: descriptionOf(options, context.process),
      type: options.type,
      priority: options.priority,
      assignee: options.assignee,
      labels: labels.length > 0 ? labels : undefined,
      parent: options.parent,
      deps: options.deps,
      id: options.id,
      prefix: options.prefix,
      ledger: options.rig,
      design: options.design,
      acceptance: options.acceptance,
      notes: options.notes,
      externalRef: options.externalRef,
      defer,
      metadata: options.metadata,
      ephemeral: options.ephemeral,
      dryRun: options.dryRun,
    }),
  };
}
