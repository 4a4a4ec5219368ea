import { UserError } from '../../../../server/src/base/errors';
import { plural } from '../../../../server/src/base/text';
import { BeadClose, BeadReopen } from '../../../../server/src/protocol/bead';
import type { BoardGrouping } from '../../../../server/src/protocol/board';
import type { Caller } from '../../../../server/src/protocol/request';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, idsOf, textParam, type Argument, type Command, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askText } from '../../ui/prompts';
import type { BeadLists } from './beadLists';
import { pickBead } from './pickBead';

interface Services {
  connection: Caller;
  store: TownStore;
  lists: BeadLists;
  dialogs: Dialogs;
}

/** The commands of the Beads view. */
export function beadListCommands(
  services: Services,
): Commands<
  | 'gastown.groupBeadsByState'
  | 'gastown.groupBeadsByEpic'
  | 'gastown.groupBeadsByRig'
  | 'gastown.filterBeads'
  | 'gastown.clearBeadFilter'
  | 'gastown.showMoreBeads'
  | 'gastown.closeBead'
  | 'gastown.reopenBead'
> {
  const { connection, lists } = services;
  const groupBy = (grouping: BoardGrouping): Command => ({
    requires: 'nothing',
    run: async () => lists.setGrouping(grouping),
  });
  return {
    'gastown.groupBeadsByState': groupBy('state'),
    'gastown.groupBeadsByEpic': groupBy('epic'),
    'gastown.groupBeadsByRig': groupBy('rig'),
    'gastown.filterBeads': {
      requires: 'readableTown',
      run: async (argument) => lists.setFilter(textParam(argument, 'text') ?? (await askFilter(lists.filter))),
    },
    'gastown.clearBeadFilter': {
      requires: 'nothing',
      run: async () => lists.setFilter(''),
    },
    'gastown.showMoreBeads': {
      requires: 'nothing',
      async run(argument) {
        const key = idOf(argument, 'group');
        if (key !== undefined) lists.more(key);
      },
    },
    'gastown.closeBead': {
      requires: 'town',
      run: (argument) => closeBeads(services, argument),
    },
    'gastown.reopenBead': {
      requires: 'town',
      async run(argument) {
        const ids = idsOf(argument, 'bead');
        if (ids.length === 0)
          throw new UserError(l10n.t('no bead is selected'), l10n.t('select closed beads in the Beads view'));
        return connection.call(BeadReopen.spec, { ids });
      },
    },
  };
}

function askFilter(value: string): Promise<string> {
  return askText({
    title: l10n.t('Filter Beads'),
    value,
    prompt: l10n.t('Words in title, id, assignee or type, or whole labels. All must match; empty shows everything.'),
  });
}

/** Closing a bead does not merge the work of its agent, so the user has to confirm it. */
async function closeBeads(services: Services, argument: Argument): Promise<unknown> {
  const { connection, store, lists, dialogs } = services;
  const title = l10n.t('Close Bead');
  const named = idsOf(argument, 'bead');
  const ids = named.length > 0 ? named : [await pickBead(services, title)];
  const inProgress = ids.filter((id) => ['working', 'queued', 'merging'].includes(store.beads.get(id)?.phase ?? ''));
  if (inProgress.length > 0) {
    const names = inProgress.map((id) => oneLine(store.beads.get(id)?.title ?? id, 60)).join(', ');
    const confirmed = await dialogs.confirm(
      inProgress.length === 1 ? l10n.t('Close a bead in progress?') : l10n.t('Close beads in progress?'),
      l10n.t('{0}: the work is not merged. Its branch is kept.', names),
      l10n.t('Close'),
    );
    if (!confirmed) return undefined;
  }
  const what =
    ids.length === 1
      ? noIcons(oneLine(lists.get(ids[0] ?? '')?.title ?? ids[0] ?? '', 60))
      : plural(ids.length, l10n.t('bead'), l10n.t('beads'));
  const reason =
    textParam(argument, 'reason') ??
    (await askText({ title: `${title}: ${what}`, prompt: l10n.t('Reason (optional)') }));
  const result = await connection.call(BeadClose.spec, { ids, ...(reason === '' ? {} : { reason }) });
  const [failed] = result.errors;
  // Closed beads disappear from the list; the first failure is reported.
  if (failed) throw new UserError(`${failed.id}: ${failed.message}`, undefined, 'conflict');
  return result;
}
