import { UserError } from '../../base/errors';
import { BeadShow, BeadUpdate } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { parseWhen } from './options';

/** `bd defer` and `bd undefer`. */

export function addDefer(program: CliCommand, context: BdContext): void {
  program
    .command('defer <ids...>')
    .description('defer beads, so that they are not ready')
    .option('--until <time>', 'only until then: +6h, tomorrow, next monday, 2026-01-31')
    .withHelp({
      examples: [
        ['bd defer app-a1b2c', 'without an end'],
        ['bd defer app-a1b2c --until tomorrow', 'ready again tomorrow'],
      ],
      see: ['bd undefer', 'bd update'],
    })
    .action(async (ids: string[], options: { until?: string }, invocation: Invocation) => {
      const until = options.until === undefined ? undefined : parseWhen(options.until, new Date(), '--until');
      const beads = await context.withLedger(invocation, async (backend) => {
        const closed = (await backend.call(BeadShow.spec, { ids })).find((bead) => bead.status === 'closed');
        if (closed) throw new UserError(`${closed.id} is closed`, `Reopen it first: bd reopen ${closed.id}`);
        return backend.call(BeadUpdate.spec, {
          ids,
          status: 'deferred',
          ...(until === undefined ? {} : { defer: until }),
        });
      });
      context.print(invocation, beads, () => beads.map((bead) => `* Deferred ${bead.id}`));
    });
}

export function addUndefer(program: CliCommand, context: BdContext): void {
  program
    .command('undefer <ids...>')
    .description('end the deferral of beads')
    .withHelp({ examples: [['bd undefer app-a1b2c', 'open again']], see: ['bd defer'] })
    .action(async (ids: string[], _options: unknown, invocation: Invocation) => {
      const beads = await context.withLedger(invocation, async (backend) => {
        const others = (await backend.call(BeadShow.spec, { ids })).filter(
          (bead) => bead.status !== 'deferred' && bead.defer_until === undefined,
        );
        if (others[0]) throw new UserError(`${others[0].id} is not deferred (status ${others[0].status})`);
        return backend.call(BeadUpdate.spec, { ids, status: 'open', defer: '' });
      });
      context.print(invocation, beads, () => beads.map((bead) => `* Undeferred ${bead.id} (now open)`));
    });
}
