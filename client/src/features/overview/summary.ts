import { l10n } from '../../base/l10n';
import { escapeMarkdown, oneLine } from '../../base/text';
import { activeAgents, openAttention } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { ConnectionState } from '../../connection/townConnection';
import { agentState } from '../agents/agentRows';

export interface StatusSummary {
  text: string;
  aria: string;
  /** Markdown with links to our own commands. */
  tooltip: string;
  /** Something needs a person, or nothing works. */
  alarm: boolean;
}

/**
 * What the status bar says; undefined where this window has no town. Pure.
 * @param trusted without trust a person looks on: nothing is offered that would be refused
 */
export function statusSummary(
  store: TownStore,
  connection: ConnectionState,
  trusted: boolean,
): StatusSummary | undefined {
  if (connection.kind === 'none') return undefined;
  if (connection.kind === 'asleep') {
    const text = l10n.t('Restricted Mode: the server of this town does not run');
    return { text: '$(shield) Gas Town', aria: `Gas Town: ${text}`, alarm: false, tooltip: text };
  }
  if (connection.kind === 'lost' || connection.kind === 'incompatible') {
    const text = l10n.t('Gas Town: no connection');
    return {
      text: `$(debug-disconnect) ${text}`,
      aria: `${text}: ${connection.reason}`,
      alarm: true,
      tooltip: lostTooltip(connection.reason, trusted),
    };
  }
  if (!store.town)
    return {
      text: '$(loading~spin) Gas Town',
      aria: l10n.t('Gas Town is connecting'),
      alarm: false,
      tooltip: l10n.t('Connecting…'),
    };
  const working = activeAgents(store);
  const needs = openAttention(store);
  const paused = !store.town.up;
  const parts = [
    ...(trusted ? [] : ['$(shield)']),
    `$(robot) ${working.length}`,
    ...(needs.length > 0 ? [`$(warning) ${needs.length}`] : []),
    ...(paused ? ['$(debug-pause)'] : []),
  ];
  const words = [
    ...(trusted ? [] : [l10n.t('Restricted Mode, you look on')]),
    working.length === 1 ? l10n.t('1 agent at work') : l10n.t('{0} agents at work', working.length),
    ...(needs.length > 0
      ? [needs.length === 1 ? l10n.t('1 thing needs you') : l10n.t('{0} things need you', needs.length)]
      : []),
    ...(paused ? [l10n.t('engine paused')] : []),
  ];
  const tooltip = [
    `**${escapeMarkdown(oneLine(store.town.name))}** · ${paused ? l10n.t('engine paused') : l10n.t('engine running')}`,
    working
      .map(
        (agent) =>
          `- ${trusted ? link(agent.id, 'gastown.openTerminal', { kind: 'agent', id: agent.id }) : escapeMarkdown(agent.id)}: ${escapeMarkdown(agentState(agent))}`,
      )
      .join('\n'),
    needs
      .map(
        (item) =>
          `- $(warning) ${link(oneLine(item.title), 'gastown.openAttention', { kind: 'attention', id: item.id })}`,
      )
      .join('\n'),
    !trusted
      ? l10n.t('Restricted Mode: you look on. Trust the folder to act.')
      : paused
        ? link(l10n.t('Start Engine'), 'gastown.startEngine')
        : link(l10n.t('Pause Engine'), 'gastown.pauseEngine'),
  ]
    .filter(Boolean)
    .join('\n\n');
  return {
    text: parts.join(' '),
    aria: `Gas Town: ${words.join(', ')}`,
    tooltip,
    alarm: needs.some((item) => !['fast-forward', 'mail', 'plan'].includes(item.kind)),
  };
}

function lostTooltip(reason: string, trusted: boolean): string {
  return `${escapeMarkdown(oneLine(reason, 400))}\n\n${trusted ? `${link(l10n.t('Try again'), 'gastown.restartServer')} · ` : ''}${link(l10n.t('Open Log'), 'gastown.openLog')}`;
}

function link(text: string, command: string, argument?: unknown): string {
  // encodeURIComponent leaves brackets alone, and a closing one would end the link.
  const query =
    argument === undefined
      ? ''
      : `?${encodeURIComponent(JSON.stringify([argument]))
          .replace(/\(/g, '%28')
          .replace(/\)/g, '%29')}`;
  return `[${escapeMarkdown(text)}](command:${command}${query})`;
}
