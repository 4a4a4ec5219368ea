import { BeadList } from '../../protocol/bead';
import { rowWithRelations } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext, GlobalOptions } from './context';

export function addChildren(program: CliCommand, context: BdContext): void {
  program
    .command('children <id>')
    .description('list the open children of a bead')
    .withHelp({
      examples: [['bd children app-a1b2c', 'not yet closed ones']],
      see: ['bd show', 'bd list', 'bd epic status'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const { json = false } = invocation.options as GlobalOptions;
      const below = await context.call(invocation, BeadList.spec, { parent: id, limit: 0, relations: !json });
      const listed = new Set(below.map((bead) => bead.id));
      const beads = below.filter((bead) => bead.parent !== undefined && !listed.has(bead.parent));
      context.print(invocation, beads, () => beads.map((bead) => rowWithRelations(bead, context.paint)));
    });
}
