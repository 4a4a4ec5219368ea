import { BeadReopen, BeadShow } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined } from './options';

export function addReopen(program: CliCommand, context: BdContext): void {
  program
    .command('reopen <ids...>')
    .description('reopen closed, deferred or failed beads')
    .option('-r, --reason <text>', 'why; added as a comment')
    .withHelp({
      examples: [['bd reopen app-a1b2c --reason "it happened again"', 'work on it again']],
      see: ['bd close'],
    })
    .action(async (ids: string[], options: { reason?: string }, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const before = await backend.call(BeadShow.spec, { ids });
        const beads = await backend.call(BeadReopen.spec, { ids, ...defined({ reason: options.reason }) });
        const alreadyOpen = new Set(
          before.filter((bead) => bead.status === 'open' && !bead.defer_until).map((bead) => bead.id),
        );
        for (const id of alreadyOpen) context.note(`${id} is already open`);
        const reopened = beads.filter((bead) => !alreadyOpen.has(bead.id));
        context.print(invocation, beads, () =>
          reopened.map((bead) => `${context.paint('blue', '↻')} Reopened ${bead.id}`),
        );
      }),
    );
}
