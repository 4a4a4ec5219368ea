import type { AttentionInfo, Severity } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import { sortedAttention } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { Row, RowIcon } from '../../ui/tree/row';

/** What needs a person, most pressing first. Pure. */
export function attentionRows(store: TownStore): Row[] {
  return sortedAttention(store).map(attentionRow);
}

export const attentionIcons: Record<AttentionInfo['kind'], RowIcon> = {
  problem: { id: 'warning', color: 'list.warningForeground' },
  consent: { id: 'shield', color: 'list.warningForeground' },
  escalation: { id: 'bell-dot', color: 'list.errorForeground' },
  input: { id: 'question', color: 'list.warningForeground' },
  mail: { id: 'mail', color: 'charts.blue' },
  plan: { id: 'checklist', color: 'charts.purple' },
  review: { id: 'git-pull-request', color: 'charts.purple' },
  'fast-forward': { id: 'repo-pull', color: 'charts.blue' },
};

export function attentionWord(kind: AttentionInfo['kind']): string {
  switch (kind) {
    case 'consent':
      return l10n.t('accept…');
    case 'escalation':
      return l10n.t('escalation');
    case 'fast-forward':
      return l10n.t('fast-forward…');
    case 'input':
      return l10n.t('answer…');
    case 'mail':
      return l10n.t('mail');
    case 'plan':
      return l10n.t('plan…');
    case 'review':
      return l10n.t('review…');
    case 'problem':
      return l10n.t('problem');
  }
}

export function severityWord(severity: Severity): string {
  switch (severity) {
    case 'critical':
      return l10n.t('critical');
    case 'high':
      return l10n.t('high');
    case 'medium':
      return l10n.t('medium');
    case 'low':
      return l10n.t('low');
  }
}

/** `escalation · critical · acknowledged` */
function whatItIs(item: AttentionInfo): string {
  // `high` is what an escalation is without further words.
  const severity = item.severity === undefined || item.severity === 'high' ? [] : [severityWord(item.severity)];
  return [attentionWord(item.kind), ...severity, ...(item.acked ? [l10n.t('acknowledged')] : [])].join(' · ');
}

function iconOf(item: AttentionInfo): RowIcon {
  return item.acked ? { id: 'bell', color: 'disabledForeground' } : attentionIcons[item.kind];
}

function attentionRow(item: AttentionInfo): Row {
  const title = oneLine(item.title, 200);
  const word = whatItIs(item);
  return {
    id: `attention:${item.id}`,
    label: title,
    description: word,
    icon: iconOf(item),
    context: `attention.${item.kind}${item.acked ? '.acked' : ''}`,
    aria: l10n.t('{0}: {1}', word, title),
    target: { kind: 'attention', id: item.id },
    click: 'gastown.openAttention',
    children: [],
  };
}
