import { plural } from '../../../../server/src/base/text';
import type { TownInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine, escapeMarkdown, oneLine, paragraphs } from '../../base/text';
import type { ConnectionState } from '../../connection/townConnection';
import { activeAgents, openAttention } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import { agentState } from '../agents/agentRows';
import { needsYouText } from '../attention/attentionRows';

export interface StatusSummary {
  text: string;
  aria: string;
  /** Markdown with links to commands of this extension. */
  tooltip: string;
  /** Whether something waits for the user, or there is no connection. */
  alarm: boolean;
}

/**
 * The item in the status bar; undefined if this window has no town. Pure.
 * @param trusted in Restricted Mode the tooltip offers no command that would be refused
 */
export function statusSummary(
  store: TownStore,
  connection: ConnectionState,
  trusted: boolean,
): StatusSummary | undefined {
  switch (connection.kind) {
    case 'none':
      return undefined;
    case 'notRunning': {
      const text = l10n.t('Restricted Mode: the server of this town does not run');
      return { text: '$(shield) Gas Town', aria: `Gas Town: ${text}`, alarm: false, tooltip: text };
    }
    case 'lost':
    case 'incompatible':
      return disconnected(connection.reason, trusted);
    default:
      return store.town ? townSummary(store, store.town, trusted) : connecting();
  }
}

/** `2 agents active` */
export function activeText(count: number): string {
  return l10n.t('{0} active', plural(count, l10n.t('agent'), l10n.t('agents')));
}

function disconnected(reason: string, trusted: boolean): StatusSummary {
  const text = l10n.t('Gas Town: no connection');
  const retry = trusted ? `${link(l10n.t('Try Again'), 'gastown.restartServer')} · ` : '';
  return {
    text: `$(debug-disconnect) ${text}`,
    aria: `${text}: ${reason}`,
    alarm: true,
    tooltip: `${escapeLine(reason, 400)}\n\n${retry}${link(l10n.t('Open Log'), 'gastown.openLog')}`,
  };
}

function connecting(): StatusSummary {
  return {
    text: '$(loading~spin) Gas Town',
    aria: l10n.t('Gas Town is connecting'),
    alarm: false,
    tooltip: l10n.t('Connecting…'),
  };
}

function townSummary(store: TownStore, town: TownInfo, trusted: boolean): StatusSummary {
  const agents = activeAgents(store);
  const items = openAttention(store);
  const paused = !town.up;
  const parts = [
    ...(trusted ? [] : ['$(shield)']),
    `$(robot) ${agents.length}`,
    ...(items.length > 0 ? [`$(warning) ${items.length}`] : []),
    ...(paused ? ['$(debug-pause)'] : []),
  ];
  const spoken = [
    ...(trusted ? [] : [l10n.t('Restricted Mode, read-only')]),
    activeText(agents.length),
    ...(items.length > 0 ? [needsYouText(items.length)] : []),
    ...(paused ? [l10n.t('engine paused')] : []),
  ];
  const agentLines = agents.map((agent) => {
    const name = trusted
      ? link(agent.id, 'gastown.openTerminal', { kind: 'agent', id: agent.id })
      : escapeMarkdown(agent.id);
    return `- ${name}: ${escapeMarkdown(agentState(agent))}`;
  });
  const itemLines = items.map(
    (item) => `- $(warning) ${link(oneLine(item.title), 'gastown.openAttention', { kind: 'attention', id: item.id })}`,
  );
  return {
    text: parts.join(' '),
    aria: `Gas Town: ${spoken.join(', ')}`,
    tooltip: paragraphs([
      `**${escapeLine(town.name)}** · ${paused ? l10n.t('engine paused') : l10n.t('engine running')}`,
      agentLines.join('\n'),
      itemLines.join('\n'),
      action(paused, trusted),
    ]),
    alarm: items.some((item) => !['fast-forward', 'mail', 'plan'].includes(item.kind)),
  };
}

function action(paused: boolean, trusted: boolean): string {
  if (!trusted) return l10n.t('Restricted Mode: read-only. Trust the folder to make changes.');
  return paused
    ? link(l10n.t('Start Engine'), 'gastown.startEngine')
    : link(l10n.t('Pause Engine'), 'gastown.pauseEngine');
}

function link(text: string, command: string, argument?: unknown): string {
  return `[${escapeMarkdown(text)}](command:${command}${argument === undefined ? '' : `?${query(argument)}`})`;
}

/** Encodes an argument. encodeURIComponent does not encode brackets, and a closing one would end the link. */
function query(argument: unknown): string {
  return encodeURIComponent(JSON.stringify([argument]))
    .replace(/\(/g, '%28')
    .replace(/\)/g, '%29');
}
