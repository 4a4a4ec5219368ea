import { UserError } from '../../base/errors';
import { BeadUpdate } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { partly } from './partly';
import {
  collect,
  collectLabels,
  defined,
  descriptionOf,
  metadataOf,
  parseEstimate,
  parsePriority,
  parseSetting,
  parseWhen,
  readText,
  warnIfPast,
  withDescriptionOptions,
  type DescriptionOptions,
} from './options';

interface UpdateOptions extends DescriptionOptions {
  status?: string;
  title?: string;
  type?: string;
  priority?: number;
  assignee?: string;
  acceptance?: string;
  design?: string;
  notes?: string;
  appendNotes?: string;
  addLabel?: string[];
  removeLabel?: string[];
  setLabels?: string[];
  parent?: string;
  claim?: boolean;
  defer?: string;
  externalRef?: string;
  specId?: string;
  estimate?: number;
  due?: string;
  awaitId?: string;
  ephemeral?: boolean;
  persistent?: boolean;
  session?: string;
  designFile?: string;
  metadata?: string;
  setMetadata?: [string, unknown][];
  unsetMetadata?: string[];
}

export function addUpdate(program: CliCommand, context: BdContext): void {
  const command = program
    .command('update [ids...]')
    .description('change fields of beads')
    .option('-s, --status <status>', 'status')
    .option('--title <title>', 'title')
    .option('-t, --type <type>', 'type')
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('-a, --assignee <name>', 'assignee; empty to unassign');
  withDescriptionOptions(command)
    .option('--design <text>', 'design notes')
    .option('--design-file <file>', 'read the design notes from a file (- for standard input)')
    .option('--acceptance <text>', 'acceptance criteria')
    .option('--notes <text>', 'notes')
    .option('--append-notes <text>', 'add a line to the notes')
    .option('--spec-id <id>', 'its specification; empty for none')
    .option('-e, --estimate <minutes>', 'estimate in minutes', parseEstimate)
    .option('--due <time>', 'due time; empty for none')
    .option('--await-id <id>', 'for a gate: its condition, such as the number of a run')
    .option('--ephemeral', 'turn it into a wisp, which is never written to issues.jsonl')
    .option('--persistent', 'turn a wisp into an ordinary bead')
    .option('--allow-empty-description', 'accepted: an empty one clears it')
    .option('--history', 'accepted, has no effect')
    .option('--no-history', 'accepted, has no effect')
    .option('--session <id>', 'with --status closed: session in which it was done')
    .option('--add-label <labels>', 'add labels', collectLabels)
    .option('--remove-label <labels>', 'remove labels', collectLabels)
    .option('--set-labels <labels>', 'replace all labels; empty for none', collect)
    .option('--parent <id>', 'make it a child of this bead; empty for no parent')
    .option('--claim', 'claim it, unless it is assigned to another: assign it to you and mark it in progress')
    .option('--defer <time>', 'hide it from ready until then; empty to end this')
    .option('--external-ref <ref>', 'reference in another system')
    .option('--metadata <json>', 'replace the metadata; JSON object, or @file')
    .option('--set-metadata <key=value>', 'set one key', (text: string, earlier: [string, unknown][] = []) => [
      ...earlier,
      parseSetting(text),
    ])
    .option('--unset-metadata <key>', 'remove one key', collect)
    .withHelp({
      text: 'Fields that are not given stay as they are. Without an id it changes the bead that you changed last.',
      examples: [
        ['bd update app-a1b2c --status in_progress --assignee ann', 'start it'],
        ['bd update app-a1b2c --claim', 'claim it, unless it is assigned to another'],
        ['bd update a1b2c d3e4f --add-label urgent --priority 0', 'several at once'],
        ['bd update app-a1b2c --defer tomorrow', 'not before tomorrow'],
      ],
      exits: {
        0: 'at least one was changed; errors about others are on standard error',
        1: 'nothing was changed, for example because --claim found another assignee',
      },
      see: ['bd close', 'bd reopen', 'bd label'],
    })
    .action(async (ids: string[], options: UpdateOptions, invocation: Invocation) => {
      const changes = changesOf(options, context);
      if (Object.keys(changes).length === 0) {
        // If there is no recently changed bead either, the missing id is reported first.
        if (ids.length === 0) await context.call(invocation, BeadUpdate.spec, { ids });
        throw new UserError('No updates specified', 'See bd update --help for what can be changed.');
      }
      const beads = await context.withLedger(invocation, (backend) =>
        partly(ids, { invocation, context }, (some) => backend.call(BeadUpdate.spec, { ids: some, ...changes })),
      );
      context.print(invocation, beads, () =>
        beads.map((bead) => `${context.paint('green', '✓')} Updated issue: ${bead.id}`),
      );
    });
}

function changesOf(options: UpdateOptions, context: BdContext) {
  const now = new Date();
  if (options.ephemeral && options.persistent)
    throw new UserError('cannot specify both --ephemeral and --persistent flags');
  if (options.notes !== undefined && options.appendNotes !== undefined)
    throw new UserError('cannot specify both --notes and --append-notes');
  const defer = options.defer === undefined ? undefined : parseWhen(options.defer, now, '--defer');
  const due = options.due === undefined ? undefined : parseWhen(options.due, now, '--due');
  warnIfPast(defer, now, (text) => context.note(text));
  return defined({
    status: options.status,
    title: options.title,
    type: options.type,
    priority: options.priority,
    assignee: options.assignee,
    description: descriptionOf(options, context.process),
    design:
      options.designFile === undefined
        ? options.design
        : readText(options.designFile, context.process, 'reading design file'),
    acceptance: options.acceptance,
    notes: options.notes,
    appendNotes: options.appendNotes,
    addLabels: options.addLabel,
    removeLabels: options.removeLabel,
    setLabels: options.setLabels,
    parent: options.parent,
    claim: options.claim,
    defer,
    externalRef: options.externalRef,
    due,
    specId: options.specId,
    estimate: options.estimate,
    awaitId: options.awaitId,
    ephemeral: options.ephemeral ? true : options.persistent ? false : undefined,
    closedBySession: options.session,
    metadata: metadataOf(options.metadata, context.process),
    metadataChanges: metadataChangesOf(options),
  });
}

function metadataChangesOf(options: UpdateOptions): Record<string, unknown> | undefined {
  const entries = [
    ...(options.setMetadata ?? []),
    ...(options.unsetMetadata ?? []).map((key): [string, unknown] => [key, null]),
  ];
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
