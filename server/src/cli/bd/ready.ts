import { UserError } from '../../base/errors';
import { BeadList, BeadReady, BeadUpdate, type Bead, type BeadListItem } from '../../protocol/bead';
import { type BeadFilter } from '../../protocol/beadFilter';
import { readyLines } from '../shared/beadText';
import { treeOfBeads } from '../shared/beadTree';
import type { CliCommand, Invocation } from '../shared/command';
import type { Backend } from './localBackend';
import type { BdContext } from './context';
import { filterParams, withFilterOptions, type FilterOptions } from './filters';
import { defined, parseLimit } from './options';
import { printGated, printMoleculeReady } from './readyMolecules';

const DEFAULT_LIMIT = 10;

interface ReadyOptions extends FilterOptions {
  includeDeferred?: boolean;
  includeEphemeral?: boolean;
  claim?: boolean;
  pretty?: boolean;
  plain?: boolean;
  explain?: boolean;
  gated?: boolean;
}

export function addReady(program: CliCommand, context: BdContext): void {
  withFilterOptions(
    program.command('ready').description('list beads that can be worked on now: open and not waiting for anything'),
  )
    .option('-n, --limit <count>', `maximum number of results, ${DEFAULT_LIMIT} by default; 0 for all`, parseLimit)
    .option('-s, --sort <order>', 'hybrid, priority or oldest')
    .option('-u, --unassigned', 'without an assignee')
    .option('--parent <id>', 'descendants of this bead')
    .option('--mol <id>', 'steps of this molecule')
    .option('--gated', 'molecules that can continue because a gate has opened')
    .option('--include-deferred', 'also beads that are deferred to a later time')
    .option('--include-ephemeral', 'also wisps')
    .option('--explain', 'also what waits, and for what')
    .option('--pretty', 'as a tree of parents and children')
    .option('--plain', 'as a numbered list, the default')
    .option('--claim', 'claim the first one: assign it to you and mark it in progress')
    .withHelp({
      text: 'A bead is ready when it is open, not deferred, and all its dependencies are closed (and merged, if the town merges them). The most urgent come first.',
      examples: [
        ['bd ready', 'the first ten that can be started now'],
        ['bd ready --unassigned --type bug,task -n 5 --json', 'the first five without an assignee, for a program'],
        ['bd ready --claim', 'claim the first one'],
      ],
      exits: { 1: 'with --claim: there was nothing to claim' },
      see: ['bd blocked', 'bd update --claim', 'gt sling'],
    })
    .action(async (options: ReadyOptions, invocation: Invocation) => {
      if (options.claim && (options.gated || options.explain || options.mol !== undefined))
        throw new UserError(
          '--claim does not go with --gated, --explain or --mol',
          'claim one of the beads that they show: "bd update <id> --claim"',
        );
      if (options.gated) return printGated(invocation, context);
      if (options.mol !== undefined) return printMoleculeReady(invocation, context, options.mol);
      const filter = {
        limit: DEFAULT_LIMIT,
        ...filterParams(options),
        ...defined({ includeDeferred: options.includeDeferred, includeEphemeral: options.includeEphemeral }),
        // The limit applies to claimable beads.
        ...(options.claim ? { unassigned: true } : {}),
      };
      await context.withLedger(invocation, async (backend) => {
        const ready = await backend.call(BeadReady.spec, filter);
        if (options.explain) return printExplained(invocation, context, backend, ready, filter);
        const beads: Bead[] = options.claim ? await claimFirst(backend, ready) : ready;
        const isEmpty = beads.length === 0 && !(await hasOpenBeads(backend, filter));
        context.print(invocation, beads, () => lines(beads, options, context, isEmpty));
      });
    });
}

function lines(beads: readonly Bead[], options: ReadyOptions, { paint }: BdContext, isEmpty: boolean): string[] {
  if (isEmpty) return ['', '✨ No open issues', ''];
  if (beads.length === 0) return ['', '✨ No ready work found (all issues have blocking dependencies)', ''];
  if (options.pretty) return [...treeOfBeads(beads, paint, { summary: true }), ''];
  return [
    '',
    `📋 Ready work (${beads.length} issues with no blockers):`,
    '',
    ...beads.flatMap((bead, index) => readyLines(bead, index, paint)),
    '',
  ];
}

async function hasOpenBeads(backend: Backend, { ledger }: BeadFilter): Promise<boolean> {
  const open = await backend.call(BeadList.spec, { ...defined({ ledger }), status: ['open', 'in_progress'], limit: 1 });
  return open.length > 0;
}

/** Prints ready and blocked beads, each with the reason. */
async function printExplained(
  invocation: Invocation,
  context: BdContext,
  backend: Backend,
  ready: readonly BeadListItem[],
  { ledger }: BeadFilter,
): Promise<void> {
  const { BeadBlocked } = await import('../../protocol/bead');
  const blocked = await backend.call(BeadBlocked.spec, defined({ ledger }));
  const value = {
    ready: ready.map((bead) => ({
      ...bead,
      reason: (bead.dependencies ?? []).some((edge) => edge.type === 'blocks')
        ? 'all blockers are closed'
        : 'no blocking dependencies',
    })),
    blocked,
    summary: { total_ready: ready.length, total_blocked: blocked.length },
  };
  context.print(invocation, value, () => [
    '',
    `📋 Ready (${ready.length}):`,
    ...value.ready.map((bead) => `  ${bead.id}: ${bead.title} (${bead.reason})`),
    '',
    `🚫 Blocked (${blocked.length}):`,
    ...blocked.map((bead) => `  ${bead.id}: ${bead.title} (waits for ${bead.blocked_by.join(', ')})`),
  ]);
}

/** Claims the first bead that no other caller claims meanwhile. */
async function claimFirst(backend: Backend, beads: readonly Bead[]): Promise<Bead[]> {
  for (const bead of beads) {
    try {
      return await backend.call(BeadUpdate.spec, { ids: [bead.id], claim: true });
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'conflict') throw error;
    }
  }
  throw new UserError('no ready work to claim', undefined, 'not-found');
}
