import { UserError } from '../../../../server/src/base/errors';
import type { AttentionInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { askChoice } from '../../ui/prompts';

/**
 * Picks an item, and asks only if there are several. @throws Cancelled, or UserError with the text of `none` if no item
 * qualifies
 */
export async function pickAttention(
  store: TownStore,
  title: string,
  accept: (item: AttentionInfo) => boolean,
  none: string,
): Promise<AttentionInfo> {
  const items = store.attention.all().filter(accept);
  const [only] = items;
  if (!only) throw new UserError(none, undefined, 'not-found');
  if (items.length === 1) return only;
  return askChoice(
    items.map((item) => ({ label: noIcons(oneLine(item.title)), value: item })),
    { title, placeHolder: l10n.t('Select an item') },
  );
}
