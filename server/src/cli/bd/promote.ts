import { UserError } from '../../base/errors';
import { BeadShow, BeadUpdate, CommentAdd } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';

/** `bd promote`: turns a wisp into an ordinary bead. */
export function addPromote(program: CliCommand, context: BdContext): void {
  program
    .command('promote <id>')
    .description('turn a wisp into an ordinary bead, which is written to issues.jsonl')
    .option('-r, --reason <text>', 'why; kept as a comment')
    .withHelp({
      examples: [['bd promote app-wisp-a1b2c --reason "a real bug"', 'keep what a patrol has found']],
      see: ['bd mol wisp list', 'bd update --persistent'],
    })
    .action(async (id: string, options: { reason?: string }, invocation: Invocation) => {
      const bead = await context.withLedger(invocation, async (backend) => {
        const [wisp] = await backend.call(BeadShow.spec, { ids: [id] });
        if (!wisp!.ephemeral) throw new UserError(`${wisp!.id} is not a wisp`, undefined, 'conflict');
        const [changed] = await backend.call(BeadUpdate.spec, { ids: [wisp!.id], ephemeral: false });
        if (options.reason) await backend.call(CommentAdd.spec, { id: wisp!.id, text: `Promoted: ${options.reason}` });
        return changed!;
      });
      context.print(invocation, bead, () => `✓ Promoted ${bead.id} to permanent bead`);
    });
}
