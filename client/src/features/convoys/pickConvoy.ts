import { UserError } from '../../../../server/src/base/errors';
import type { ConvoyInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { askChoice } from '../../ui/prompts';

/**
 * Asks for one of the convoys.
 * @param none the message if there is none
 * @throws Cancelled, or UserError `not-found`
 */
export async function pickConvoy(
  store: TownStore,
  title: string,
  accept: (convoy: ConvoyInfo) => boolean,
  none: string,
): Promise<string> {
  const convoys = store.convoys.all().filter(accept);
  if (convoys.length === 0) throw new UserError(none, undefined, 'not-found');
  return askChoice(
    convoys.map((convoy) => ({
      label: noIcons(oneLine(convoy.title)),
      description: `${convoy.done}/${convoy.total} · ${convoy.id}`,
      value: convoy.id,
    })),
    { title, placeHolder: l10n.t('Select a convoy') },
  );
}
