import { Option, type Command } from 'commander';
import { UserError } from '../../base/errors';
import { BeadClose, BeadDelete, BeadReopen, BeadShow, BeadUpdate } from '../../protocol/bead';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { beadLine } from '../shared/beadText';
import { closeAndContinue } from './mol';
import {
  addTextOptions,
  collect,
  collectLabels,
  defined,
  descriptionOf,
  parseMetadata,
  parsePriority,
  parseSetting,
  parseWhen,
  readText,
  warnIfPast,
  type TextOptions,
} from './options';

interface UpdateOptions extends TextOptions {
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
  metadata?: Record<string, unknown>;
  setMetadata?: [string, unknown][];
  unsetMetadata?: string[];
}

export function addChanges(program: Command, context: BdContext): void {
  addUpdate(program, context);
  addClose(program, context);
  addReopen(program, context);
  addDelete(program, context);
}

function addUpdate(program: Command, context: BdContext): void {
  const command = program
    .command('update')
    .description('change fields of beads')
    .argument('<ids...>', 'ids or unique parts of them')
    .option('-s, --status <status>', 'status')
    .option('--title <title>', 'title')
    .option('-t, --type <type>', 'type')
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('-a, --assignee <name>', 'assignee; empty for nobody');
  addTextOptions(command)
    .option('--design <text>', 'design notes')
    .option('--acceptance <text>', 'acceptance criteria')
    .option('--notes <text>', 'notes')
    .option('--append-notes <text>', 'add a line to the notes')
    .option('--add-label <labels>', 'add labels', collectLabels)
    .option('--remove-label <labels>', 'remove labels', collectLabels)
    .option('--set-labels <labels>', 'these labels and no others; empty for none', collect)
    .option('--parent <id>', 'move it under this bead; empty to take it out')
    .option('--claim', 'take it if nobody has it: assign it to you and mark it in progress')
    .option('--defer <time>', 'hide it from ready until then; empty to stop')
    .option('--external-ref <ref>', 'reference in another system')
    .option('--metadata <json>', 'set these keys (null removes one); JSON object, or @file', parseMetadata)
    .option('--set-metadata <key=value>', 'set one key', (text: string, earlier: [string, unknown][] = []) => [
      ...earlier,
      parseSetting(text),
    ])
    .option('--unset-metadata <key>', 'remove one key', collect)
    .action(async (ids: string[], options: UpdateOptions) => {
      const now = new Date();
      const defer = options.defer === undefined ? undefined : parseWhen(options.defer, now);
      warnIfPast(defer, now, (text) => context.note(text));
      const changes = defined({
        status: options.status,
        title: options.title,
        type: options.type,
        priority: options.priority,
        assignee: options.assignee,
        description: descriptionOf(options, context.surroundings),
        design: options.design,
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
        metadata: metadataOf(options),
      });
      if (Object.keys(changes).length === 0)
        throw new UserError('no changes given', 'See bd update --help for what can be changed.');
      await context.run(command, async (backend) => {
        const beads = await backend.call(BeadUpdate.spec, { ids, ...changes });
        context.print(command, beads, () =>
          beads.map((bead) => `${context.paint()('green', '✓')} Updated issue: ${bead.id}`),
        );
      });
    });
}

function metadataOf(options: UpdateOptions): Record<string, unknown> | undefined {
  const entries = [
    ...Object.entries(options.metadata ?? {}),
    ...(options.setMetadata ?? []),
    ...(options.unsetMetadata ?? []).map((key): [string, unknown] => [key, null]),
  ];
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

interface CloseOptions {
  reason?: string;
  resolution?: string;
  message?: string;
  comment?: string;
  reasonFile?: string;
  force?: boolean;
  suggestNext?: boolean;
  continue?: boolean;
  auto?: boolean;
}

function addClose(program: Command, context: BdContext): void {
  const command = program
    .command('close')
    .alias('done')
    .description('close beads')
    .argument('[ids...]', 'ids or unique parts of them')
    .option('-r, --reason <text>', 'why')
    .addOption(new Option('--resolution <text>', 'same as --reason').hideHelp())
    .addOption(new Option('-m, --message <text>', 'same as --reason').hideHelp())
    .addOption(new Option('--comment <text>', 'same as --reason').hideHelp())
    .option('--reason-file <file>', 'read the reason from a file (- for stdin)')
    .option('-f, --force', 'even if it is pinned, waits for others or has open children')
    .option('--suggest-next', 'also show what became ready by it')
    .option('--continue', 'of a molecule: begin the next step that is ready')
    .option('--no-auto', 'with --continue: only show the next step')
    .action(async (ids: string[], options: CloseOptions) => {
      if (ids.length === 0) throw new UserError('no issue ID provided');
      const reason =
        options.reason ??
        options.resolution ??
        options.message ??
        options.comment ??
        (options.reasonFile === undefined ? undefined : readText(options.reasonFile, context.surroundings).trim());
      await context.run(command, async (backend) => {
        if (options.continue)
          return closeAndContinue(command, context, backend, ids, { reason, force: options.force, auto: options.auto });
        const result = await backend.call(BeadClose.spec, { ids, ...defined({ reason, force: options.force }) });
        for (const error of result.errors) context.complain(command, new UserError(error.message));
        const paint = context.paint();
        context.print(
          command,
          options.suggestNext ? { closed: result.closed, unblocked: result.unblocked } : result.closed,
          () => [
            ...result.closed.map(
              (bead) => `${paint('green', '✓')} Closed ${bead.id}: ${oneLine(bead.close_reason ?? '')}`,
            ),
            ...(options.suggestNext && result.unblocked.length > 0
              ? ['', 'Ready now:', ...result.unblocked.map((bead) => `  ${beadLine(bead, paint)}`)]
              : []),
          ],
        );
      });
    });
}

function addReopen(program: Command, context: BdContext): void {
  const command = program
    .command('reopen')
    .description('open closed, deferred or failed beads again')
    .argument('<ids...>', 'ids or unique parts of them')
    .option('-r, --reason <text>', 'why; added as a comment')
    .action(async (ids: string[], options: { reason?: string }) =>
      context.run(command, async (backend) => {
        const before = await backend.call(BeadShow.spec, { ids });
        const beads = await backend.call(BeadReopen.spec, { ids, ...defined({ reason: options.reason }) });
        const wasOpen = new Set(
          before.filter((bead) => bead.status === 'open' && !bead.defer_until).map((bead) => bead.id),
        );
        for (const id of wasOpen) context.note(`${id} is already open`);
        context.print(command, beads, () =>
          beads
            .filter((bead) => !wasOpen.has(bead.id))
            .map((bead) => `${context.paint()('blue', '↻')} Reopened ${bead.id}`),
        );
      }),
    );
}

function addDelete(program: Command, context: BdContext): void {
  const command = program
    .command('delete')
    .alias('rm')
    .description('delete beads; without --force only shows what would be deleted')
    .argument('<ids...>', 'ids or unique parts of them')
    .option('-f, --force', 'really delete')
    .option('--dry-run', 'only show')
    .option('--reason <text>', 'why')
    .action(async (ids: string[], options: { force?: boolean; dryRun?: boolean; reason?: string }) =>
      context.run(command, async (backend) => {
        const beads = await backend.call(BeadShow.spec, { ids });
        const edges = beads.reduce((sum, bead) => sum + bead.dependencies.length + bead.dependents.length, 0);
        const really = options.force === true && !options.dryRun;
        const deleted = really
          ? await backend.call(BeadDelete.spec, { ids, ...defined({ reason: options.reason }) })
          : beads.map((bead) => bead.id);
        const value = {
          deleted: deleted.length === 1 ? deleted[0] : deleted,
          deleted_count: deleted.length,
          dependencies_removed: edges,
          references_updated: 0,
          ...(really ? {} : { dry_run: true }),
        };
        context.print(command, value, () => [
          ...beads.map((bead) => `${really ? 'Deleted' : 'Would delete'} ${bead.id}: ${oneLine(bead.title)}`),
          ...(really ? [] : [`To delete for good: bd delete ${deleted.join(' ')} --force`]),
        ]);
      }),
    );
}
