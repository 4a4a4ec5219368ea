import path from 'node:path';
import { UserError } from '../../base/errors';
import { BeadCreate, type Bead } from '../../protocol/bead';
import { moleculeTypes, wispTypes } from '../../protocol/vocabulary';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import {
  collect,
  defined,
  descriptionOf,
  metadataOf,
  oneOf,
  parseDeps,
  parseEstimate,
  parsePriority,
  parseWhen,
  readText,
  warnIfPast,
  withHome,
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
  metadata?: string;
  ephemeral?: boolean;
  file?: string;
  graph?: string;
  waitsFor?: string;
  waitsForGate?: string;
  designFile?: string;
  appendNotes?: string;
  specId?: string;
  estimate?: number;
  due?: string;
  wispType?: string;
  molType?: string;
  eventCategory?: string;
  eventActor?: string;
  eventTarget?: string;
  eventPayload?: string;
  agentRig?: string;
  roleType?: string;
  validate?: boolean;
  repo?: string;
  skills?: string;
  context?: string;
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
    .option('-f, --file <file>', 'create all beads of a Markdown file, or of a file with a JSON object in each line')
    .option('--graph <file>', 'create the beads of a plan with their dependencies (JSON)')
    .option('--parent <id>', 'make it a child of this bead')
    .option('--deps <deps>', 'dependencies type:id or id, separated by commas', parseDeps)
    .option('--id <id>', 'use this id')
    .option('--prefix <prefix>', 'create it in the ledger with this prefix')
    .option('--rig <name>', 'create it in the ledger of this rig')
    .option('--waits-for <id>', 'it waits for the children of this bead')
    .option('--waits-for-gate <gate>', 'all-children or any-children')
    .option('--force', 'accepted: an id of another prefix needs --prefix')
    .option('--repo <path>', 'create it in the ledger of this folder')
    .option('--design <text>', 'design notes')
    .option('--design-file <file>', 'read the design notes from a file (- for standard input)')
    .option('--acceptance <text>', 'acceptance criteria')
    .option('--notes <text>', 'notes')
    .option('--append-notes <text>', 'more notes')
    .option('--skills <text>', 'what the work needs, as a section of the description')
    .option('--context <text>', 'what one has to know, as a section of the description')
    .option('--spec-id <id>', 'its specification, such as docs/login.md')
    .option('-e, --estimate <minutes>', 'estimate in minutes', parseEstimate)
    .option('--due <time>', 'due time (+6h, tomorrow, 2026-01-31)')
    .option('--external-ref <ref>', 'reference in another system, such as gh-9')
    .option('--defer <time>', 'hide it from ready until then (+6h, tomorrow, 2026-01-31)')
    .option('--metadata <json>', 'JSON object, or @file')
    .option('--ephemeral', 'a wisp: never written to issues.jsonl')
    .option('--wisp-type <type>', `for a wisp: ${wispTypes.join(', ')}`, (text: string) =>
      oneOf(text, wispTypes, 'wisp-type'),
    )
    .option('--mol-type <type>', 'for a molecule: swarm, patrol or work', (text: string) =>
      oneOf(text, moleculeTypes, 'mol-type'),
    )
    .option('--event-category <name>', 'for an event: what happened, such as patrol.muted')
    .option('--event-actor <uri>', 'for an event: who did it')
    .option('--event-target <id>', 'for an event: to what')
    .option('--event-payload <json>', 'for an event: more data')
    .option('--no-inherit-labels', 'accepted: children have no labels of their parent')
    .option('--no-history', 'accepted, has no effect')
    .option('--agent-rig <name>', 'for an agent: its rig')
    .option('--role-type <name>', 'for an agent: polecat, crew, witness, refinery, mayor or deacon')
    .option('--validate', 'refuse a description without the sections that its type needs')
    .option('--silent', 'print the id only')
    .option('--dry-run', 'show what would be created')
    .withHelp({
      text: 'The description is the task of an agent; for the runtime "script" its ```sh blocks are executed. Defaults: type task, priority 2, no assignee.',
      examples: [
        ['bd create "Add a login page" -t feature -p 1 -l web', 'with type, priority and label'],
        ['bd create --title="Write the docs" --deps app-a1b2c --silent', 'waits for another bead; prints only its id'],
        ['bd create "Long story" --body-file story.md --parent app-a1b2c', 'description from a file, below an epic'],
      ],
      see: ['bd dep add', 'bd update', 'gt sling'],
    })
    .action(async (title: string | undefined, options: CreateOptions, invocation: Invocation) => {
      const target = options.repo === undefined ? invocation : inFolder(invocation, options.repo, context);
      if (options.file !== undefined || options.graph !== undefined) {
        const { createMany } = await import('./createMany');
        return createMany(options, { title, others: forSingleBeads(command, options) }, target, context);
      }
      const params = paramsOf(title, options, context);
      const bead = await context.call(target, BeadCreate.spec, { ...params, ...(await context.owner()) });
      if (options.silent) return context.terminal.write(`${bead.id}\n`);
      if (!bead.description && !options.dryRun && context.terminal.colour) hint(context);
      context.print(invocation, bead, () =>
        options.dryRun ? previewLines(bead, context) : createdLines(bead, context),
      );
    });
}

/** Options that also apply to the beads of a file. */
const FOR_ALL = new Set([
  'file',
  'graph',
  'repo',
  'rig',
  'validate',
  'dryRun',
  'silent',
  'force',
  'inheritLabels',
  'history',
]);

/** The given options that apply to a single bead only, as they are written. */
function forSingleBeads({ options }: CliCommand, given: CreateOptions): string[] {
  return options.filter(({ key }) => Object.hasOwn(given, key) && !FOR_ALL.has(key)).map(({ long }) => long);
}

/** The same invocation for the ledger of another folder. */
function inFolder(invocation: Invocation, folder: string, { process }: BdContext): Invocation {
  const db = path.resolve(process.cwd, withHome(folder, process.env));
  return { ...invocation, options: { ...invocation.options, db } };
}

export function createdLines(bead: Bead, { paint }: BdContext): string[] {
  return [
    `${paint('green', '✓')} Created issue: ${bead.id}`,
    `  Title: ${oneLine(bead.title)}`,
    `  Priority: P${bead.priority}`,
    `  Status: ${oneLine(bead.status)}`,
  ];
}

function previewLines(bead: Bead, { paint }: BdContext): string[] {
  return [
    `${paint('yellow', '⚠')} [DRY RUN] Would create issue:`,
    '  ID: (will be generated)',
    `  Title: ${oneLine(bead.title)}`,
    `  Type: ${oneLine(bead.issue_type)}`,
    `  Priority: P${bead.priority}`,
    `  Status: ${oneLine(bead.status)}`,
    ...(bead.assignee ? [`  Assignee: ${oneLine(bead.assignee)}`] : []),
    ...(bead.description ? [`  Description: ${oneLine(bead.description)}`] : []),
    ...(bead.labels?.length ? [`  Labels: ${bead.labels.map(oneLine).join(', ')}`] : []),
  ];
}

function hint(context: BdContext): void {
  context.note(`${context.paint('yellow', '⚠')} Creating issue without description.`);
  context.note('  Issues without descriptions lack context for future work.');
  context.note('  Consider adding --description="Why this issue exists and what needs to be done"');
}

const gates = ['all-children', 'any-children'] as const;

function waitsForOf({ waitsFor, waitsForGate }: CreateOptions) {
  const gate = gates.find((known) => known === (waitsForGate ?? 'all-children'));
  if (gate === undefined)
    throw new UserError(`invalid --waits-for-gate value '${waitsForGate}' (valid: ${gates.join(', ')})`);
  return waitsFor === undefined ? undefined : { id: waitsFor, gate };
}

function eventOf({ type, eventCategory, eventActor, eventTarget, eventPayload }: CreateOptions) {
  const event = defined({
    category: eventCategory,
    actor: eventActor,
    target: eventTarget,
    payload: eventPayload,
  });
  if (Object.keys(event).length === 0) return undefined;
  if (type !== 'event')
    throw new UserError(
      '--event-category, --event-actor, --event-target, and --event-payload flags require --type=event',
    );
  return event;
}

function agentOf({ type, agentRig, roleType }: CreateOptions) {
  if (agentRig === undefined && roleType === undefined) return undefined;
  if (type !== 'agent') throw new UserError('--role-type and --agent-rig flags require --type=agent');
  return defined({ rig: agentRig, roleType });
}

function paramsOf(title: string | undefined, options: CreateOptions, context: BdContext) {
  if (title !== undefined && options.title !== undefined && title !== options.title)
    throw new UserError(
      `cannot specify different titles as both positional argument and --title flag\n  Positional: ${JSON.stringify(title)}\n  --title:    ${JSON.stringify(options.title)}`,
    );
  if (title === undefined && options.title === undefined)
    throw new UserError('title required (or use --file to create from markdown)');
  const now = new Date();
  const defer = options.defer === undefined ? undefined : parseWhen(options.defer, now, '--defer');
  const due = options.due === undefined ? undefined : parseWhen(options.due, now, '--due');
  warnIfPast(defer, now, (text) => context.note(text));
  const labels = [...(options.labels ?? []), ...(options.label ?? [])];
  return {
    title: options.title ?? title ?? '',
    ...defined({
      description: withSections(descriptionOf(options, context.process), options),
      type: options.type,
      priority: options.priority,
      assignee: options.assignee,
      labels: labels.length > 0 ? labels : undefined,
      parent: options.parent,
      deps: options.deps,
      id: options.id,
      prefix: options.prefix,
      ledger: options.rig,
      waitsFor: waitsForOf(options),
      design:
        options.designFile === undefined
          ? options.design
          : readText(options.designFile, context.process, 'reading design file'),
      acceptance: options.acceptance,
      notes: notesOf(options),
      specId: options.specId,
      estimate: options.estimate,
      due: due === '' ? undefined : due,
      wispType: options.wispType,
      molType: options.molType,
      event: eventOf(options),
      agent: agentOf(options),
      validate: options.validate,
      externalRef: options.externalRef,
      defer,
      metadata: metadataOf(options.metadata, context.process),
      ephemeral: options.ephemeral,
      dryRun: options.dryRun,
    }),
  };
}

/** The description with the sections of `--skills` and `--context`. */
function withSections(description: string | undefined, { skills, context }: CreateOptions): string | undefined {
  const parts = [
    description,
    skills === undefined ? undefined : `## Required Skills\n${skills}`,
    context === undefined ? undefined : `## Additional Context\n${context}`,
  ].filter((part) => part !== undefined && part !== '');
  return parts.length > 0 ? parts.join('\n\n') : description;
}

function notesOf({ notes, appendNotes }: CreateOptions): string | undefined {
  const given = [notes, appendNotes].filter((text) => text !== undefined);
  return given.length > 0 ? given.join('\n') : undefined;
}
