import { messageOf } from '../../base/errors';
import type { BeadStore } from '../../beads/store';
import type { AttentionInfo, ReviewSetting } from '../../protocol/town';
import type { Rigs } from '../../rigs/registry';
import type { SessionManager } from '../../sessions/manager';
import type { Consents } from '../consent/consents';
import { attentionInfos } from './attentionInfos';
import { ledgerProblems, rigProblems, sayWhereNothingIsTested } from './rigAttention';

export interface TownAttentionSources {
  store: BeadStore;
  rigs: Rigs;
  sessions: Pick<SessionManager, 'all'>;
  consents: Pick<Consents, 'open'>;
  reviewSetting: (rig: string) => ReviewSetting;
}

/** The current items that need a person. */
export function townAttention({
  store,
  rigs,
  sessions,
  consents,
  reviewSetting,
}: TownAttentionSources): AttentionInfo[] {
  return attentionInfos({
    store,
    rigs,
    sessions: sessions.all(),
    openConsents: () => [...openConsents(consents), ...rigProblems(rigs), ...ledgerProblems(store)],
    reviewSetting,
  }).map(sayWhereNothingIsTested);
}

/** Unreadable settings are shown as a problem; the rest of the snapshot does not depend on them. */
function openConsents(consents: Pick<Consents, 'open'>): AttentionInfo[] {
  try {
    return consents.open();
  } catch (error) {
    return [
      { id: 'problem-runtimes', kind: 'problem', title: messageOf(error).split('\n')[0]!, detail: messageOf(error) },
    ];
  }
}
