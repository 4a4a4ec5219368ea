import { BeadClose, BeadList, type Bead } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { progressText } from '../shared/beadText';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';

/** `bd epic`: shows the progress of epics, and closes those whose children are closed. */

interface EpicStatus {
  epic: Bead;
  total_children: number;
  closed_children: number;
  eligible_for_close: boolean;
}

export function addEpic(program: CliCommand, context: BdContext): void {
  const epic = program
    .command('epic')
    .description('epics: beads with children')
    .withHelp({ examples: [['bd epic status', 'how far they are']], see: ['bd children', 'bd list'] });
  epic
    .command('status')
    .description('show how many children of each open epic are closed')
    .option('--eligible-only', 'only epics that can be closed')
    .withHelp({
      examples: [['bd epic status --eligible-only', 'those that can be closed']],
      see: ['bd epic close-eligible'],
    })
    .action(async (options: { eligibleOnly?: boolean }, invocation: Invocation) => {
      const all = await context.withLedger(invocation, (backend) => epicsOf(backend));
      const epics = options.eligibleOnly ? all.filter((each) => each.eligible_for_close) : all;
      context.print(invocation, epics, () =>
        epics.length === 0 ? 'No open epics found' : epics.flatMap((each) => epicLines(each)),
      );
    });
  epic
    .command('close-eligible')
    .description('close epics whose children are all closed')
    .option('--dry-run', 'only show')
    .withHelp({ examples: [['bd epic close-eligible', 'closes them']], see: ['bd epic status', 'bd close'] })
    .action(async (options: { dryRun?: boolean }, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const eligible = (await epicsOf(backend)).filter((each) => each.eligible_for_close);
        if (eligible.length === 0) return context.print(invocation, [], () => 'No epics eligible for closure');
        if (options.dryRun)
          return context.print(invocation, eligible, () => [
            `Would close ${eligible.length} epic(s):`,
            ...eligible.map(({ epic: bead }) => `  - ${bead.id}: ${oneLine(bead.title)}`),
          ]);
        const ids = eligible.map(({ epic: bead }) => bead.id);
        const { closed } = await backend.call(BeadClose.spec, { ids, reason: 'All children completed' });
        const done = closed.map((bead) => bead.id);
        context.print(invocation, { closed: done, count: done.length }, () => [
          `✓ Closed ${done.length} epic(s)`,
          ...done.map((id) => `  - ${id}`),
        ]);
      }),
    );
}

async function epicsOf(backend: Backend): Promise<EpicStatus[]> {
  const beads = await backend.call(BeadList.spec, { all: true, limit: 0, sort: 'created', reverse: true });
  const isOpen = (bead: Bead): boolean => bead.status !== 'closed' && bead.status !== 'tombstone';
  const epics = beads.filter((bead) => bead.issue_type === 'epic' && isOpen(bead) && !bead.is_template);
  return epics.map((epic) => {
    const children = beads.filter((bead) => bead.parent === epic.id);
    const closed = children.filter((bead) => !isOpen(bead)).length;
    return {
      epic,
      total_children: children.length,
      closed_children: closed,
      eligible_for_close: children.length > 0 && closed === children.length,
    };
  });
}

function epicLines({ epic, total_children: total, closed_children: closed, eligible_for_close }: EpicStatus): string[] {
  return [
    `${eligible_for_close ? '✓' : '○'} ${epic.id} ${oneLine(epic.title)}`,
    `   ${progressText(closed, total)}`,
    ...(eligible_for_close ? ['   Eligible for closure'] : []),
    '',
  ];
}
