import { BeadDelete, BeadShow } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { defined } from './options';

interface DeleteOptions {
  force?: boolean;
  dryRun?: boolean;
  reason?: string;
}

export function addDelete(program: CliCommand, context: BdContext): void {
  program
    .command('delete <ids...>')
    .alias('rm')
    .description('delete beads; without --force only show what would be deleted')
    .option('-f, --force', 'delete them')
    .option('--dry-run', 'only show')
    .option('--reason <text>', 'why')
    .withHelp({
      text: 'A deleted bead leaves a tombstone, so that a merge with another clone does not bring it back.',
      examples: [
        ['bd delete app-a1b2c', 'show what would be deleted'],
        ['bd delete app-a1b2c --force --reason duplicate', 'delete it'],
      ],
      see: ['bd close'],
    })
    .action(async (ids: string[], options: DeleteOptions, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const beads = await backend.call(BeadShow.spec, { ids });
        const edges = beads.reduce((sum, bead) => sum + bead.dependencies.length + bead.dependents.length, 0);
        const isReal = options.force === true && !options.dryRun;
        const deleted = isReal
          ? await backend.call(BeadDelete.spec, { ids, ...defined({ reason: options.reason }) })
          : beads.map((bead) => bead.id);
        const value = {
          deleted: deleted.length === 1 ? deleted[0] : deleted,
          deleted_count: deleted.length,
          dependencies_removed: edges,
          references_updated: 0,
          ...(isReal ? {} : { dry_run: true }),
        };
        context.print(invocation, value, () => [
          ...beads.map((bead) => `${isReal ? 'Deleted' : 'Would delete'} ${bead.id}: ${oneLine(bead.title)}`),
          ...(isReal ? [] : [`To delete: bd delete ${deleted.join(' ')} --force`]),
        ]);
      }),
    );
}
