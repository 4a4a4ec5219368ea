import { plural } from '../../../../server/src/base/text';
import type { AttentionInfo, Severity } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine, oneLine, paragraphs } from '../../base/text';
import { sortedAttention } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { Row, RowIcon, RowTarget } from '../../ui/tree/row';

/** The Needs Attention tree, most urgent first. Pure. */
export function attentionRows(store: TownStore): Row[] {
  return sortedAttention(store).map(attentionRow);
}

export const attentionIcons: Record<AttentionInfo['kind'], RowIcon> = {
  problem: { id: 'warning', color: 'list.warningForeground' },
  consent: { id: 'shield', color: 'list.warningForeground' },
  escalation: { id: 'bell-dot', color: 'list.errorForeground' },
  input: { id: 'question', color: 'list.warningForeground' },
  gate: { id: 'lock', color: 'list.warningForeground' },
  mail: { id: 'mail', color: 'charts.blue' },
  plan: { id: 'checklist', color: 'charts.purple' },
  review: { id: 'git-pull-request', color: 'charts.purple' },
  'fast-forward': { id: 'repo-pull', color: 'charts.blue' },
};

function kindText(kind: AttentionInfo['kind']): string {
  switch (kind) {
    case 'consent':
      return l10n.t('approve…');
    case 'escalation':
      return l10n.t('escalation');
    case 'fast-forward':
      return l10n.t('fast-forward…');
    case 'input':
      return l10n.t('answer…');
    case 'gate':
      return l10n.t('open gate…');
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

function severityText(severity: Severity): string {
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
function description(item: AttentionInfo): string {
  // `high` is the default of an escalation.
  const severity = item.severity === undefined || item.severity === 'high' ? [] : [severityText(item.severity)];
  return [kindText(item.kind), ...severity, ...(item.acked ? [l10n.t('acknowledged')] : [])].join(' · ');
}

function attentionRow(item: AttentionInfo): Row {
  const title = oneLine(item.title, 200);
  const text = description(item);
  return {
    id: `attention:${item.id}`,
    label: title,
    description: text,
    icon: item.acked ? { id: 'bell', color: 'disabledForeground' } : attentionIcons[item.kind],
    context: `attention.${item.kind}${item.acked ? '.acked' : ''}`,
    aria: `${text}: ${title}`,
    target: { kind: 'attention', id: item.id },
    click: 'gastown.openAttention',
    children: [],
  };
}

/** Markdown for the hover of a row. Pure. */
export function attentionTooltip(store: TownStore, { kind, id }: RowTarget): string | undefined {
  const item = kind === 'attention' ? store.attention.get(id) : undefined;
  return item && paragraphs([`**${escapeLine(item.title, 300)}**`, escapeLine(item.detail, 2000)]);
}

/** `3 items need your attention` */
export function needsYouText(count: number): string {
  return l10n.t('{0} your attention', plural(count, l10n.t('item needs'), l10n.t('items need')));
}
