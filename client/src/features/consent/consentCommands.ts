import type { AttentionInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import type { TownStore } from '../../state/townStore';
import { idOf, type Commands } from '../../ui/command';
import { pickAttention } from '../attention/pickAttention';
import type { Consent } from './consent';

export function consentCommands({
  store,
  consent,
}: {
  store: TownStore;
  consent: Consent;
}): Commands<'gastown.acceptCommands'> {
  return {
    'gastown.acceptCommands': {
      requires: 'town',
      async run(argument) {
        const id = idOf(argument, 'attention');
        const rig = idOf(argument, 'rig');
        const isWanted = (item: AttentionInfo): boolean =>
          item.consent !== undefined && (id === undefined || item.id === id) && (rig === undefined || item.rig === rig);
        const none = l10n.t('nothing waits for your approval');
        return consent.ask(await pickAttention(store, l10n.t('Approve Commands'), isWanted, none));
      },
    },
  };
}
