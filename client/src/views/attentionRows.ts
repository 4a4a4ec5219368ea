import type { AttentionInfo } from '../../../server/src/protocol/town';
import { l10n } from '../base/l10n';
import { oneLine } from '../base/text';
import { attentionInOrder } from '../model/queries';
import type { TownModel } from '../model/townModel';
import type { Row, RowIcon } from './row';

/** What needs a person, most pressing first. Pure. */
export function attentionRows(model: TownModel): Row[] {
  return attentionInOrder(model).map(attentionRow);
}

export const attentionIcons: Record<AttentionInfo['kind'], RowIcon> = {
  problem: { id: 'warning', color: 'list.warningForeground' },
  consent: { id: 'shield', color: 'list.warningForeground' },
  escalation: { id: 'bell-dot', color: 'list.errorForeground' },
  input: { id: 'question', color: 'list.warningForeground' },
  review: { id: 'git-pull-request', color: 'charts.purple' },
  'fast-forward': { id: 'repo-pull', color: 'charts.blue' },
};

export function attentionWord(kind: AttentionInfo['kind']): string {
  switch (kind) {
    case 'consent': return l10n.t('accept…');
    case 'escalation': return l10n.t('escalation');
    case 'fast-forward': return l10n.t('fast-forward…');
    case 'input': return l10n.t('answer…');
    case 'review': return l10n.t('review…');
    case 'problem': return l10n.t('problem');
  }
}

function attentionRow(item: AttentionInfo): Row {
  const title = oneLine(item.title, 200);
  return {
    id: `attention:${item.id}`,
    label: title,
    description: attentionWord(item.kind),
    icon: attentionIcons[item.kind],
    context: `attention.${item.kind}`,
    aria: l10n.t('{0}: {1}', attentionWord(item.kind), title),
    target: { kind: 'attention', id: item.id },
    click: 'gastown.openAttention',
    children: [],
  };
}
