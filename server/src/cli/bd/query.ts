import { Option, type Command } from 'commander';
import { UserError } from '../../base/errors';
import {
  BeadBlocked,
  BeadList,
  BeadReady,
  BeadShow,
  BeadUpdate,
  type Bead,
  type BeadListItem,
} from '../../protocol/bead';
import type { Backend } from './backend';
import type { BdContext } from './context';
import { beadLine, blockedLine, detailLines } from '../shared/beadText';
import { collect, defined, parseLimit, parsePriority } from './options';

const defaultListLimit = 50;

interface FilterOptions {
  status?: string[];
  state?: string[];
  assignee?: string | false;
  unassigned?: boolean;
  type?: string[];
  label?: string[];
  labelAny?: string[];
  priority?: number;
  parent?: string;
  filterParent?: string;
  mol?: string;
  rig?: string;
  limit?: number;
  sort?: string;
  title?: string;
  titleContains?: string;
  id?: string[];
  all?: boolean;
  reverse?: boolean;
  long?: boolean;
  ready?: boolean;
  includeDeferred?: boolean;
  claim?: boolean;
}

export function addQueries(program: Command, context: BdContext): void {
  addShow(program, context);
  addList(program, context);
  addReady(program, context);
  addBlocked(program, context);
}

function addShow(program: Command, context: BdContext): void {
  const command = program
    .command('show')
    .alias('view')
    .description('show everything about beads')
    .argument('<ids...>', 'ids or unique parts of them')
    .option('--short', 'one line each')
    .action(async (ids: string[], options: { short?: boolean }) =>
      context.run(command, async (backend) => {
        const beads = await backend.call(BeadShow.spec, { ids });
        const paint = context.paint();
        context.print(command, beads, () =>
          beads.flatMap((bead, index) =>
            options.short
              ? [beadLine(bead as unknown as Bead, paint)]
              : [...(index > 0 ? [''] : []), ...detailLines(bead, paint)],
          ),
        );
      }),
    );
}

function addFilters(command: Command): Command {
  return command
    .option('-a, --assignee <name>', 'assigned to; empty for nobody')
    .option('-t, --type <types>', 'types, separated by commas', collect)
    .option('-l, --label <labels>', 'with all of these labels', collect)
    .option('--label-any <labels>', 'with one of these labels', collect)
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('--parent <id>', 'descendants of this bead')
    .option('--rig <name>', 'in the ledger of this rig')
    .option('--sort <order>', 'order');
}

function filterOf(options: FilterOptions) {
  return defined({
    assignee: options.assignee === false ? undefined : options.assignee,
    unassigned: options.unassigned || options.assignee === false || undefined,
    type: options.type,
    labels: options.label,
    labelsAny: options.labelAny,
    priority: options.priority,
    parent: options.parent ?? options.filterParent ?? options.mol,
    ledger: options.rig,
    sort: options.sort,
  });
}

function addList(program: Command, context: BdContext): void {
  const command = program.command('list').alias('ls').description('list beads: unfinished ones unless told otherwise');
  addFilters(command)
    .option('-s, --status <statuses>', 'statuses, separated by commas', collect)
    .addOption(new Option('--state <statuses>', 'same as --status').argParser(collect).hideHelp())
    .option('-n, --limit <count>', 'at most so many; 0 for all', parseLimit, defaultListLimit)
    .option('--all', 'also closed beads, gates, templates and wisps')
    .option('--no-assignee', 'assigned to nobody')
    .option('--title-contains <text>', 'title contains')
    .addOption(new Option('--title <text>', 'same as --title-contains').hideHelp())
    .option('--id <ids>', 'exactly these ids', collect)
    .addOption(new Option('--filter-parent <id>', 'same as --parent').hideHelp())
    .option('-r, --reverse', 'in reverse order')
    .option('--ready', 'only what can be worked on now')
    .option('--long', 'with descriptions')
    .action(async (options: FilterOptions) =>
      context.run(command, async (backend) => {
        const status = [...(options.status ?? []), ...(options.state ?? [])];
        const limit = options.limit ?? defaultListLimit;
        const filter = {
          ...filterOf(options),
          limit,
          ...defined({
            status: status.length > 0 ? status : undefined,
            titleContains: options.titleContains ?? options.title,
            ids: options.id,
          }),
        };
        const beads = options.ready
          ? await backend.call(BeadReady.spec, filter)
          : await backend.call(BeadList.spec, {
              ...filter,
              ...defined({ all: options.all, reverse: options.reverse }),
            });
        context.print(command, beads, () => listLines(beads, context, options.long ?? false));
        if (limit > 0 && beads.length === limit && context.terminal.colour)
          context.note(`(the first ${limit}; -n 0 shows all)`);
      }),
    );
}

function listLines(beads: readonly BeadListItem[], context: BdContext, long: boolean): string[] {
  if (beads.length === 0) return ['No issues found.'];
  const paint = context.paint();
  return beads.flatMap((bead) => [
    beadLine(bead, paint),
    ...(long && bead.description
      ? bead.description
          .trimEnd()
          .split('\n')
          .map((line) => `    ${line}`)
      : []),
  ]);
}

function addReady(program: Command, context: BdContext): void {
  const command = program
    .command('ready')
    .description('list what can be worked on now: open and not waiting for anything');
  addFilters(command)
    .option('-n, --limit <count>', 'at most so many; 0 for all', parseLimit)
    .option('-u, --unassigned', 'assigned to nobody')
    .option('--mol <id>', 'steps of this molecule')
    .option('--include-deferred', 'also what is deferred to a later time')
    .option('--claim', 'take the first one: assign it to you and mark it in progress')
    .action(async (options: FilterOptions) =>
      context.run(command, async (backend) => {
        const filter = {
          ...filterOf(options),
          ...defined({ limit: options.limit, includeDeferred: options.includeDeferred }),
        };
        const beads = await backend.call(BeadReady.spec, filter);
        if (options.claim) return claimFirst(command, context, backend, beads);
        const paint = context.paint();
        context.print(command, beads, () =>
          beads.length === 0
            ? ['No ready work: everything open waits for something, or nothing is open.']
            : beads.map((bead) => beadLine(bead, paint)),
        );
      }),
    );
}

/** Somebody else may be quicker with one: then the next is tried. */
async function claimFirst(
  command: Command,
  context: BdContext,
  backend: Backend,
  beads: readonly BeadListItem[],
): Promise<void> {
  for (const bead of beads.filter((candidate) => !candidate.assignee)) {
    try {
      const claimed = await backend.call(BeadUpdate.spec, { ids: [bead.id], claim: true });
      context.print(command, claimed, () => claimed.map((mine) => beadLine(mine, context.paint())));
      return;
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'conflict') throw error;
    }
  }
  throw new UserError('no ready work to claim', undefined, 'not-found');
}

function addBlocked(program: Command, context: BdContext): void {
  const command = program
    .command('blocked')
    .description('list beads that wait for others')
    .option('--parent <id>', 'descendants of this bead')
    .option('--rig <name>', 'in the ledger of this rig')
    .action(async (options: FilterOptions) =>
      context.run(command, async (backend) => {
        const beads = await backend.call(BeadBlocked.spec, defined({ parent: options.parent, ledger: options.rig }));
        context.print(command, beads, () =>
          beads.length === 0 ? ['Nothing is blocked.'] : beads.map((bead) => blockedLine(bead, context.paint())),
        );
      }),
    );
}
