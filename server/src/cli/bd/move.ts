import { UserError } from '../../base/errors';
import { BeadMove } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined } from './options';

/** `bd move` and `bd refile`: move a bead to another ledger of the town. */

const TARGET = 'name of a rig, or the prefix of its ledger with or without the hyphen';
const TEXT =
  'A new bead with the same content, labels and comments replaces it, and the old one is closed. Its dependencies and dependents are moved, too.';

export function addMove(program: CliCommand, context: BdContext): void {
  program
    .command('move')
    .description('move a bead to the ledger of another rig')
    .argument('<id>')
    .option('--to <rig>', TARGET)
    .option('--keep-open', 'leave the old bead open')
    .option('--skip-deps', 'leave dependencies with the old bead')
    .withHelp({
      text: TEXT,
      examples: [['bd move hq-a1b2c --to app', 'to the rig app']],
      see: ['bd refile', 'bd supersede'],
    })
    .action(
      async (id: string, options: { to?: string; keepOpen?: boolean; skipDeps?: boolean }, invocation: Invocation) => {
        const { to } = options;
        if (to === undefined) throw new UserError('--to flag is required', 'Name the rig: bd move <id> --to <rig>');
        const params = { id, to, ...defined({ keepOpen: options.keepOpen, skipDependencies: options.skipDeps }) };
        const { source, target, closed, remapped } = await context.call(invocation, BeadMove.spec, {
          ...params,
          as: 'move',
        });
        context.print(invocation, { source, target, closed, deps_remapped: remapped }, () => [
          `${context.paint('green', '✓')} Moved ${source} → ${target}`,
          ...(remapped > 0 ? [`  Remapped ${remapped} dependencies`] : []),
          ...(closed ? ['  Source issue closed'] : []),
        ]);
      },
    );
}

export function addRefile(program: CliCommand, context: BdContext): void {
  program
    .command('refile')
    .description('the same as bd move')
    .argument('<id>')
    .argument('<rig>', TARGET)
    .option('--keep-open', 'leave the old bead open')
    .withHelp({ text: TEXT, examples: [['bd refile hq-a1b2c app', 'to the rig app']], see: ['bd move'] })
    .action(async (id: string, to: string, options: { keepOpen?: boolean }, invocation: Invocation) => {
      const { source, target, closed } = await context.call(invocation, BeadMove.spec, {
        ...{ id, to, as: 'refile' },
        ...defined({ keepOpen: options.keepOpen }),
      });
      context.print(invocation, { source, target, closed }, () => [
        `${context.paint('green', '✓')} Refiled ${source} → ${target}`,
        ...(closed ? ['  Source issue closed'] : []),
      ]);
    });
}
