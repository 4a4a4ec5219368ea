import { BeadBlocked } from '../../protocol/bead';
import { blockedLines } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { plainBead } from './moleculeSteps';
import { defined } from './options';

export function addBlocked(program: CliCommand, context: BdContext): void {
  program
    .command('blocked')
    .description('list beads that wait for others')
    .option('--parent <id>', 'descendants of this bead')
    .option('--rig <name>', 'in the ledger of this rig')
    .withHelp({
      examples: [
        ['bd blocked', 'each with the beads that it waits for'],
        ['bd blocked --parent app-a1b2c', 'only below an epic'],
      ],
      see: ['bd ready', 'bd dep tree'],
    })
    .action(async (options: { parent?: string; rig?: string }, invocation: Invocation) => {
      const params = defined({ parent: options.parent, ledger: options.rig });
      const beads = await context.call(invocation, BeadBlocked.spec, params);
      context.print(invocation, beads.map(plainBead), () =>
        beads.length === 0
          ? ['', '✨ No blocked issues', '']
          : [
              '',
              `🚫 Blocked issues (${beads.length}):`,
              '',
              ...beads.flatMap((bead) => blockedLines(bead, context.paint)),
            ],
      );
    });
}
