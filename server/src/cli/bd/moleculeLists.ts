import { BeadList, type BeadListItem } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { printGated } from './readyMolecules';

/** `bd mol list`, `bd mol stale` and `bd mol ready`. */

export function addMoleculeLists(mol: CliCommand, context: BdContext): void {
  mol
    .command('list')
    .description('list the molecules that are not closed')
    .option('--all', 'closed ones too')
    .withHelp({ examples: [['bd mol list', 'all of them']], see: ['bd mol current'] })
    .action(async (options: { all?: boolean }, invocation: Invocation) => {
      const all = await everything(invocation, context);
      const found = all.filter((bead) => bead.issue_type === 'molecule' && (options.all || bead.status !== 'closed'));
      context.print(invocation, found, () =>
        found.length === 0
          ? 'No molecules found.'
          : found.map((bead) => `${bead.id} ${oneLine(bead.title)} (${oneLine(bead.status)})`),
      );
    });
  mol
    .command('stale')
    .description('list open molecules and epics whose children are all closed')
    .option('--all', 'accepted: all are listed')
    .option('--blocking', 'only those that others wait for')
    .option('--unassigned', 'only those without an assignee')
    .withHelp({ examples: [['bd mol stale', 'molecules that can be closed']], see: ['bd epic close-eligible'] })
    .action(async (options: { blocking?: boolean; unassigned?: boolean }, invocation: Invocation) => {
      const rows = staleMolecules(await everything(invocation, context)).filter(
        (row) => (!options.blocking || row.blocking_count > 0) && (!options.unassigned || !row.assignee),
      );
      const value = {
        stale_molecules: rows,
        total_count: rows.length,
        blocking_count: rows.filter((row) => row.blocking_count > 0).length,
      };
      context.print(invocation, value, () =>
        rows.length === 0
          ? 'No stale molecules found.'
          : [
              `⚠ Stale molecules (${rows.length}):`,
              ...rows.map((row) => `  ${row.id} ${oneLine(row.title)} (${row.closed_children}/${row.total_children})`),
            ],
      );
    });
  mol
    .command('ready')
    .description('list molecules that can continue because a gate has opened')
    .option('--gated', 'accepted: that is what is listed')
    .withHelp({ examples: [['bd mol ready', 'with the step that is next']], see: ['bd gate list'] })
    .action((_options: unknown, invocation: Invocation) => printGated(invocation, context));
}

function everything(invocation: Invocation, context: BdContext): Promise<BeadListItem[]> {
  return context.call(invocation, BeadList.spec, { all: true, limit: 0 });
}

interface StaleMolecule {
  id: string;
  title: string;
  total_children: number;
  closed_children: number;
  blocking_count: number;
  assignee?: string;
}

/** Open molecules and epics whose children are all closed. */
export function staleMolecules(all: readonly BeadListItem[]): StaleMolecule[] {
  const roots = all.filter(
    (bead) => (bead.issue_type === 'molecule' || bead.issue_type === 'epic') && bead.status !== 'closed',
  );
  return roots.flatMap((root) => {
    const children = all.filter((bead) => bead.parent === root.id);
    if (children.length === 0 || children.some((bead) => bead.status !== 'closed')) return [];
    const waiting = all.filter((bead) =>
      bead.dependencies?.some((edge) => edge.type === 'blocks' && edge.depends_on_id === root.id),
    );
    return [
      {
        id: root.id,
        title: root.title,
        total_children: children.length,
        closed_children: children.length,
        blocking_count: waiting.length,
        ...(root.assignee ? { assignee: root.assignee } : {}),
      },
    ];
  });
}
