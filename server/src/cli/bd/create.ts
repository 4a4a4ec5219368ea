import { Option, type Command } from 'commander';
import { UserError } from '../../base/errors';
import { BeadCreate } from '../../protocol/bead';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import {
  addTextOptions,
  collect,
  defined,
  descriptionOf,
  parseDeps,
  parseMetadata,
  parsePriority,
  parseWhen,
  warnIfPast,
  type TextOptions,
} from './options';

interface CreateOptions extends TextOptions {
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

export function addCreate(program: Command, context: BdContext): void {
  const command = program
    .command('create')
    .alias('new')
    .description('create a bead')
    .argument('[title]', 'title; write it behind -- or as --title=… if it begins with a hyphen')
    .option('--title <title>', 'title')
    .option('-t, --type <type>', 'task, bug, feature, chore, epic, …')
    .option('-p, --priority <priority>', '0-4 or P0-P4, 0 is the most urgent', parsePriority)
    .option('-a, --assignee <name>', 'assignee');
  addTextOptions(command)
    .option('-l, --labels <labels>', 'labels, separated by commas', collect)
    .addOption(new Option('--label <label>', 'same as --labels').argParser(collect).hideHelp())
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
    .action(async (title: string | undefined, options: CreateOptions) => {
      if (title !== undefined && options.title !== undefined && title !== options.title) {
        throw new UserError('give the title only once, as argument or as --title');
      }
      const now = new Date();
      const defer = options.defer === undefined ? undefined : parseWhen(options.defer, now);
      const labels = [...(options.labels ?? []), ...(options.label ?? [])];
      const params = {
        title: options.title ?? title ?? '',
        ...defined({
          description: descriptionOf(options, context.surroundings),
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
      warnIfPast(defer, now, (text) => context.note(text));
      await context.run(command, async (backend) => {
        const bead = await backend.call(BeadCreate.spec, params);
        if (options.silent) {
          context.terminal.write(`${bead.id}\n`);
          return;
        }
        const done = options.dryRun ? 'Would create issue' : 'Created issue';
        context.print(command, bead, () => [
          `${context.paint()('green', '✓')} ${done}: ${bead.id}`,
          `  ${oneLine(bead.title)}`,
        ]);
      });
    });
}
