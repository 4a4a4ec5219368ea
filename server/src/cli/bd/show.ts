import { BeadShow } from '../../protocol/bead';
import { beadLine, detailLines } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';

export function addShow(program: CliCommand, context: BdContext): void {
  program
    .command('show <ids...>')
    .alias('view')
    .description('show everything about beads')
    .option('--short', 'one line each')
    .withHelp({
      examples: [
        ['bd show app-a1b2c', 'one bead'],
        ['bd show a1b2c d3e4f --short', 'one line each'],
        ['bd show app-a1b2c --json', 'for a program'],
      ],
      see: ['bd dep tree', 'bd comments', 'bd events'],
    })
    .action(async (ids: string[], options: { short?: boolean }, invocation: Invocation) => {
      const beads = await context.call(invocation, BeadShow.spec, { ids });
      context.print(invocation, beads, () =>
        options.short
          ? beads.map((bead) => beadLine(bead, context.paint))
          : beads.flatMap((bead, index) => [...(index > 0 ? [''] : []), ...detailLines(bead, context.paint)]),
      );
    });
}
