import { BeadList, BeadReady, type BeadListItem } from '../../protocol/bead';
import { beadLine } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { indent, printable } from '../shared/output';
import type { BdContext } from './context';
import { filterParams, withFilterOptions, type FilterOptions } from './filters';
import { collect, defined, parseLimit } from './options';

const DEFAULT_LIMIT = 50;

interface ListOptions extends FilterOptions {
  limit: number;
  status?: string[];
  state?: string[];
  title?: string;
  titleContains?: string;
  id?: string[];
  all?: boolean;
  reverse?: boolean;
  long?: boolean;
  ready?: boolean;
}

export function addList(program: CliCommand, context: BdContext): void {
  withFilterOptions(program.command('list').alias('ls').description('list beads that are not closed'))
    .option('-s, --status <statuses>', 'statuses, separated by commas', collect)
    .hiddenOption('--state <statuses>', 'same as --status', collect)
    .option('-n, --limit <count>', 'at most so many; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--all', 'also closed beads, gates, templates and wisps')
    .option('--no-assignee', 'assigned to nobody')
    .option('--title-contains <text>', 'title contains')
    .hiddenOption('--title <text>', 'same as --title-contains')
    .option('--id <ids>', 'exactly these ids', collect)
    .hiddenOption('--filter-parent <id>', 'same as --parent')
    .option('-r, --reverse', 'in reverse order')
    .option('--ready', 'only beads that can be worked on now')
    .option('--long', 'with descriptions')
    .withHelp({
      text: 'Closed beads, gates, templates and wisps are left out unless --all or --status asks for them.',
      examples: [
        ['bd list', 'the first fifty that are not closed'],
        ['bd list --status open,blocked --label backend -n 0', 'all with this status and label'],
        ['bd list --parent app-a1b2c --long', 'all below an epic, with their descriptions'],
      ],
      see: ['bd ready', 'bd show'],
    })
    .action(async (options: ListOptions, invocation: Invocation) => {
      const status = [...(options.status ?? []), ...(options.state ?? [])];
      const filter = {
        ...filterParams(options),
        ...defined({
          status: status.length > 0 ? status : undefined,
          titleContains: options.titleContains ?? options.title,
          ids: options.id,
        }),
      };
      const order = defined({ all: options.all, reverse: options.reverse });
      const beads = await context.withLedger(invocation, (backend) =>
        options.ready ? backend.call(BeadReady.spec, filter) : backend.call(BeadList.spec, { ...filter, ...order }),
      );
      context.print(invocation, beads, () => listLines(beads, context, options.long ?? false));
      if (options.limit > 0 && beads.length === options.limit && context.terminal.colour)
        context.note(`(the first ${options.limit}; -n 0 shows all)`);
    });
}

function listLines(beads: readonly BeadListItem[], context: BdContext, long: boolean): string[] {
  if (beads.length === 0) return ['No issues found.'];
  return beads.flatMap((bead) => [
    beadLine(bead, context.paint),
    ...(long && bead.description ? [indent(printable(bead.description), 4)] : []),
  ]);
}
