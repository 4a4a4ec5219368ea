import { UserError } from '../../base/errors';
import { BeadList, BeadReady, BeadShow, type BeadListItem } from '../../protocol/bead';
import { type BeadFilter } from '../../protocol/beadFilter';
import { longLines, rowWithRelations } from '../shared/beadText';
import { treeOfBeads } from '../shared/beadTree';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext, GlobalOptions } from './context';
import { formattedList } from './listFormats';
import type { Backend } from './localBackend';
import {
  filterParams,
  wantsAll,
  withConditionOptions,
  withFilterOptions,
  withListConditions,
  type FilterOptions,
} from './filters';
import { defined, parseLimit } from './options';

const DEFAULT_LIMIT = 50;

interface ListOptions extends FilterOptions {
  limit?: number;
  all?: boolean;
  reverse?: boolean;
  long?: boolean;
  ready?: boolean;
  tree?: boolean;
  pretty?: boolean;
  format?: string;
  watch?: boolean;
  includeGates?: boolean;
  includeTemplates?: boolean;
}

export function addList(program: CliCommand, context: BdContext): void {
  const command = withFilterOptions(program.command('list').alias('ls').description('list beads that are not closed'));
  withListConditions(withConditionOptions(command))
    .option('-n, --limit <count>', `maximum number of results, ${DEFAULT_LIMIT} without --all; 0 for all`, parseLimit)
    .option('--sort <order>', 'priority, created, updated, closed, status, id, title, type or assignee')
    .option('-r, --reverse', 'in reverse order')
    .option('--all', 'also closed beads, gates, templates and wisps')
    .option('--include-gates', 'also gates')
    .option('--include-templates', 'also templates')
    .option('--ready', 'only beads that can be worked on now')
    .option('--long', 'several lines each')
    .option('--tree', 'as a tree of parents and children')
    .option('--pretty', 'same as --tree')
    .option('--flat', 'one line each, the default')
    .option(
      '--format <format>',
      'dependencies between them: digraph, dot, or a template such as "{{.IssueID}} {{.DependsOnID}}"',
    )
    .option('-w, --watch', 'print the list again whenever it changes')
    .option('--include-infra', 'accepted: beads of agents, roles and rigs are listed anyway')
    .option('--skip-labels', 'accepted, has no effect')
    .option('--no-pager', 'accepted, has no effect: there is no pager')
    .withHelp({
      text: 'Closed beads, gates, templates and wisps are left out unless --all or --status asks for them.',
      examples: [
        ['bd list', 'the first fifty that are not closed'],
        ['bd list --status open,blocked --label backend -n 0', 'all with this status and label'],
        ['bd list --parent app-a1b2c --long', 'all below an epic'],
        ['bd list --created-after 7d --no-assignee', 'new ones without an assignee'],
      ],
      see: ['bd ready', 'bd search', 'bd query', 'bd show'],
    })
    .action(async (options: ListOptions, invocation: Invocation) => {
      await printList(invocation, context, options);
      if (options.watch) await watch(invocation, context, options);
    });
}

async function printList(invocation: Invocation, context: BdContext, options: ListOptions): Promise<string> {
  const other = (options.status ?? []).find((status) => status !== 'open');
  if (options.ready && other !== undefined)
    throw new UserError(`--ready lists open beads and cannot be combined with --status ${other}`);
  const all = options.all || wantsAll(options);
  const limit = options.limit ?? (all || options.tree ? 0 : DEFAULT_LIMIT);
  const filter = { ...filterParams(options), limit: limit > 0 ? limit + 1 : 0 };
  const isRows = !(invocation.options as GlobalOptions).json && !options.tree && !options.pretty && !options.long;
  const order = defined({ all: all || undefined, reverse: options.reverse, relations: isRows || undefined });
  const gates = options.includeGates || options.includeTemplates;
  const hasRoot =
    (options.tree || options.pretty) && filter.parent !== undefined && !(invocation.options as GlobalOptions).json;
  let root: BeadListItem | undefined;
  const found = await context.withLedger(invocation, async (backend) => {
    if (hasRoot) root = await parentOf(backend, filter.parent ?? '');
    if (options.ready) return readyIn(backend, filter, order);
    if (!gates) return backend.call(BeadList.spec, { ...filter, ...order });
    const everything = await backend.call(BeadList.spec, { ...filter, ...order, all: true, limit: 0 });
    return everything.filter((bead) => all || isListed(bead, options));
  });
  const isCut = limit > 0 && found.length > limit;
  const beads = isCut ? found.slice(0, limit) : found;
  context.print(invocation, beads, () => listLines(root ? [root, ...beads] : beads, context, options));
  if (isCut) {
    context.note('');
    context.note(`Showing ${limit} issues (use --limit 0 for all)`);
  }
  return JSON.stringify(beads);
}

/** The bead that a tree hangs on. */
async function parentOf(backend: Backend, id: string): Promise<BeadListItem | undefined> {
  const [bead] = await backend.call(BeadShow.spec, { ids: [id] });
  return (await backend.call(BeadList.spec, { ids: [bead!.id], all: true, limit: 1 }))[0];
}

/** Ready beads in any order of the list. */
async function readyIn(
  backend: Backend,
  filter: BeadFilter,
  order: { reverse?: boolean; relations?: boolean },
): Promise<BeadListItem[]> {
  const { sort, limit, ...conditions } = filter;
  if (sort === undefined) return backend.call(BeadReady.spec, filter);
  const ids = (await backend.call(BeadReady.spec, { ...conditions, limit: 0 })).map((bead) => bead.id);
  if (ids.length === 0) return [];
  return backend.call(BeadList.spec, { ids, sort, ...order, ...defined({ limit }) });
}

function isListed(bead: BeadListItem, options: ListOptions): boolean {
  if (bead.status === 'closed' && !options.status) return false;
  if (bead.issue_type === 'gate' && !options.includeGates) return false;
  return !bead.is_template || options.includeTemplates === true;
}

function listLines(beads: readonly BeadListItem[], context: BdContext, options: ListOptions): string[] {
  if (options.format !== undefined) return formattedList(beads, options.format);
  if (options.tree || options.pretty)
    return beads.length === 0 ? ['No issues found.'] : treeOfBeads(beads, context.paint, { summary: true });
  if (!options.long) return beads.map((bead) => rowWithRelations(bead, context.paint));
  return [
    '',
    `Found ${beads.length} issues:`,
    '',
    ...beads.flatMap((bead) => longLines(bead, context.paint, bead.status === 'closed' ? '' : '● ')),
  ];
}

const WATCH_MS = 2000;

/** Prints the list again after each change, until it is interrupted. */
async function watch(invocation: Invocation, context: BdContext, options: ListOptions): Promise<void> {
  let shown = '';
  const quiet = { ...invocation, options: { ...invocation.options, quiet: true, json: false } };
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    const seen = await context.withLedger(quiet, (backend) =>
      backend.call(BeadList.spec, { ...filterParams(options), limit: options.limit ?? DEFAULT_LIMIT }),
    );
    const text = JSON.stringify(seen);
    if (shown !== '' && text !== shown) await printList(invocation, context, options);
    shown = text;
  }
}
