import * as vscode from 'vscode';
import type { AgentInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import { activeAgents, sortedAttention } from '../../state/queries';
import type { TownStore } from '../../state/townStore';
import type { Commands } from '../../ui/command';
import { askChoice, type Choice } from '../../ui/prompts';
import { agentChoice } from '../agents/pickAgent';
import type { AttentionOpener } from '../attention/attentionCommands';
import { attentionIcons, needsYouText } from '../attention/attentionRows';
import { activeText } from './statusBarSummary';

interface Services {
  store: TownStore;
  connection: { readonly isReady: boolean };
  opener: AttentionOpener;
  openTerminal: (agent: string) => void;
}

type Action = () => Thenable<unknown>;

/** The items of the status bar as a list of actions. */
export function overviewCommands(services: Services): Commands<'gastown.showOverview'> {
  return { 'gastown.showOverview': { requires: 'nothing', run: () => showOverview(services) } };
}

async function showOverview({ store, connection, opener, openTerminal }: Services): Promise<unknown> {
  if (!store.hasSnapshot) return vscode.commands.executeCommand('gastown.convoys.focus');
  const items = sortedAttention(store);
  const agents = activeAgents(store);
  // Restricted Mode offers no terminals and starts nothing.
  const { isTrusted } = vscode.workspace;
  const choices: Choice<Action>[] = [
    ...(items.length > 0 ? [separator(l10n.t('Needs attention'))] : []),
    ...items.map((item) => ({
      label: `$(${attentionIcons[item.kind].id}) ${noIcons(oneLine(item.title))}`,
      value: () => opener.open(item),
    })),
    ...(isTrusted && agents.length > 0 ? [separator(l10n.t('Active agents'))] : []),
    ...(isTrusted ? agents.map((agent) => terminalChoice(agent, openTerminal)) : []),
    separator(l10n.t('Town')),
    ...(isTrusted ? [engineChoice(store.town?.up === true)] : []),
    commandChoice(`$(list-tree) ${l10n.t('Show Convoys')}`, 'gastown.convoys.focus'),
  ];
  const counts = [activeText(agents.length), ...(items.length > 0 ? [needsYouText(items.length)] : [])].join(', ');
  const action = await askChoice(choices, {
    title: store.town?.name ?? 'Gas Town',
    ignoreFocusOut: false,
    placeHolder: connection.isReady ? counts : l10n.t('The server does not answer; this is the last known state.'),
  });
  return action();
}

function separator(label: string): Choice<Action> {
  return { label, kind: vscode.QuickPickItemKind.Separator, value: async () => undefined };
}

function terminalChoice(agent: AgentInfo, openTerminal: (agent: string) => void): Choice<Action> {
  return { ...agentChoice(agent), value: async () => openTerminal(agent.id) };
}

function engineChoice(isUp: boolean): Choice<Action> {
  return isUp
    ? commandChoice(`$(debug-pause) ${l10n.t('Pause Engine')}`, 'gastown.pauseEngine')
    : commandChoice(`$(play) ${l10n.t('Start Engine')}`, 'gastown.startEngine');
}

function commandChoice(label: string, command: string): Choice<Action> {
  return { label, value: () => vscode.commands.executeCommand(command) };
}
