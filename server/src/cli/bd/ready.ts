import { UserError } from '../../base/errors';
import { BeadReady, BeadUpdate, type Bead } from '../../protocol/bead';
import { beadLine } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import type { Backend } from './localBackend';
import type { BdContext } from './context';
import { filterParams, withFilterOptions, type FilterOptions } from './filters';
import { defined, parseLimit } from './options';

interface ReadyOptions extends FilterOptions {
  includeDeferred?: boolean;
  claim?: boolean;
}

export function addReady(program: CliCommand, context: BdContext): void {
  withFilterOptions(
    program.command('ready').description('list beads that can be worked on now: open and not waiting for anything'),
  )
    .option('-n, --limit <count>', 'at most so many; 0 for all', parseLimit)
    .option('-u, --unassigned', 'assigned to nobody')
    .option('--mol <id>', 'steps of this molecule')
    .option('--include-deferred', 'also beads that are deferred to a later time')
    .option('--claim', 'claim the first one: assign it to you and mark it in progress')
    .withHelp({
      text: 'A bead is ready when it is open, not deferred, and all its dependencies are closed (and merged where the town merges them). The most urgent come first.',
      examples: [
        ['bd ready', 'everything that can be started now'],
        ['bd ready --unassigned --type bug,task -n 5 --json', 'the first five without an assignee, for a program'],
        ['bd ready --claim', 'claim the first one'],
      ],
      exits: { 1: 'with --claim: there was nothing to claim' },
      see: ['bd blocked', 'bd update --claim', 'gt sling'],
    })
    .action(async (options: ReadyOptions, invocation: Invocation) => {
      const filter = { ...filterParams(options), ...defined({ includeDeferred: options.includeDeferred }) };
      await context.withLedger(invocation, async (backend) => {
        const ready = await backend.call(BeadReady.spec, filter);
        const beads: Bead[] = options.claim ? await claimFirst(backend, ready) : ready;
        context.print(invocation, beads, () =>
          beads.length === 0
            ? 'No ready work: all open beads are waiting, or there are none.'
            : beads.map((bead) => beadLine(bead, context.paint)),
        );
      });
    });
}

/** Claims the first bead that nobody else claims meanwhile. */
async function claimFirst(backend: Backend, beads: readonly Bead[]): Promise<Bead[]> {
  for (const bead of beads.filter((candidate) => !candidate.assignee)) {
    try {
      return await backend.call(BeadUpdate.spec, { ids: [bead.id], claim: true });
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'conflict') throw error;
    }
  }
  throw new UserError('no ready work to claim', undefined, 'not-found');
}
