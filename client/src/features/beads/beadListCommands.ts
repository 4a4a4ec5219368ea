import { UserError } from '../../../../server/src/base/errors';
import { BeadClose, BeadReopen } from '../../../../server/src/protocol/bead';
import type { BoardGrouping } from '../../../../server/src/protocol/board';
import { l10n } from '../../base/l10n';
import { noIcons, oneLine } from '../../base/text';
import { askText } from '../../ui/prompts';
import { idOf, idsOf, type Argument, type Command, type Services } from '../../ui/command';
import { pickBead } from './pickBead';

function grouping(by: BoardGrouping): Command {
  return {
    needs: 'nothing',
    run: async ({ board }) => board.group(by),
  };
}

/** What the Beads view offers. */
export const beadListCommands = {
  'gastown.groupBeadsByState': grouping('state'),
  'gastown.groupBeadsByEpic': grouping('epic'),
  'gastown.groupBeadsByRig': grouping('rig'),
  'gastown.filterBeads': {
    needs: 'look',
    async run({ board }, { params }) {
      const given = params['text'];
      board.search(
        typeof given === 'string'
          ? given
          : await askText({
              title: l10n.t('Filter Beads'),
              value: board.text,
              prompt: l10n.t(
                'Words of the title, id, assignee or type, or whole labels. All must match; empty shows everything.',
              ),
            }),
      );
    },
  },
  'gastown.clearBeadFilter': {
    needs: 'nothing',
    run: async ({ board }) => board.search(''),
  },
  'gastown.moreBeads': {
    needs: 'nothing',
    async run({ board }, argument) {
      const key = idOf(argument, 'group');
      if (key !== undefined) board.more(key);
    },
  },
  'gastown.closeBead': {
    needs: 'town',
    run: closeBeads,
  },
  'gastown.reopenBead': {
    needs: 'town',
    async run({ connection }, argument) {
      const ids = idsOf(argument, 'bead');
      if (ids.length === 0)
        throw new UserError(l10n.t('no bead was chosen'), l10n.t('choose closed beads in the Beads view'));
      return connection.call(BeadReopen.spec, { ids });
    },
  },
} satisfies Record<string, Command>;

/** Work in hand that is closed by hand is not merged: that is asked about first. */
async function closeBeads(services: Services, argument: Argument): Promise<unknown> {
  const title = l10n.t('Close Bead');
  const named = idsOf(argument, 'bead');
  const ids = named.length > 0 ? named : [await pickBead(services, title)];
  const inHand = ids.filter((id) =>
    ['working', 'queued', 'merging'].includes(services.store.beads.get(id)?.phase ?? ''),
  );
  if (inHand.length > 0) {
    const names = inHand.map((id) => oneLine(services.store.beads.get(id)?.title ?? id, 60)).join(', ');
    const sure = await services.dialogs.confirm(
      l10n.t('Close what an agent works on?'),
      l10n.t('{0}: the work is not merged then. Its branch is kept.', names),
      l10n.t('Close'),
    );
    if (!sure) return undefined;
  }
  const given = argument.params['reason'];
  const what =
    ids.length === 1
      ? noIcons(oneLine(services.board.get(ids[0] ?? '')?.title ?? ids[0] ?? '', 60))
      : l10n.t('{0} beads', ids.length);
  const reason =
    typeof given === 'string'
      ? given
      : await askText({ title: `${title}: ${what}`, prompt: l10n.t('Why? Optional. Enter closes.') });
  const result = await services.connection.call(BeadClose.spec, { ids, ...(reason === '' ? {} : { reason }) });
  const [failed] = result.errors;
  // Some were closed: the others are still there to be seen, and the first says why.
  if (failed) throw new UserError(`${failed.id}: ${failed.message}`, undefined, 'conflict');
  return result;
}
