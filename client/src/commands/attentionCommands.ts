import * as vscode from 'vscode';
import { EscalationClose, type AttentionInfo } from '../../../server/src/protocol/town';
import { l10n } from '../base/l10n';
import { noIcons, oneLine } from '../base/text';
import { agentsAtWork, attentionInOrder } from '../model/queries';
import { askChoice } from '../ui/prompts';
import { attentionIcons } from '../views/attentionRows';
import { idOf, type Command, type Services } from './command';
import { agentChoice, pickAttention } from './picks';
import { fastForward } from './rigCommands';
import { giveConsent } from './rigs';

export const attentionCommands = {
  'gastown.showNeedsAttention': {
    needs: 'nothing',
    run: async () => vscode.commands.executeCommand('gastown.attention.focus'),
  },
  'gastown.openAttention': {
    needs: 'town',
    async run(services, argument) {
      const id = idOf(argument, 'attention');
      const item = id === undefined
        ? await pickAttention(services, l10n.t('Needs Attention'), () => true, l10n.t('nothing needs you'))
        : services.model.attention.get(id);
      // It may have been settled in another window a moment ago.
      return item && openItem(services, item);
    },
  },
  'gastown.acceptCommands': {
    needs: 'town',
    async run(services, argument) {
      const id = idOf(argument, 'attention');
      const rig = idOf(argument, 'rig');
      const wanted = (item: AttentionInfo): boolean => item.consent !== undefined && (id === undefined || item.id === id) && (rig === undefined || item.rig === rig);
      const item = await pickAttention(services, l10n.t('Accept Commands'), wanted, l10n.t('no commands wait for consent'));
      return giveConsent(services, item);
    },
  },
  'gastown.closeEscalation': {
    needs: 'town',
    async run(services, argument) {
      const id = idOf(argument, 'attention')
        ?? (await pickAttention(services, l10n.t('Close Escalation'), (item) => item.kind === 'escalation', l10n.t('there is no escalation'))).id;
      return services.connection.call(EscalationClose.spec, { id });
    },
  },
  'gastown.showOverview': {
    needs: 'nothing',
    run: showOverview,
  },
} satisfies Record<string, Command>;

async function openItem(services: Services, item: AttentionInfo): Promise<unknown> {
  switch (item.kind) {
    case 'consent': return giveConsent(services, item);
    case 'fast-forward': return fastForward(services, { target: undefined, targets: [], params: { rig: item.rig } });
    case 'input': return item.agent && services.terminals.open(item.agent);
    case 'escalation': return openEscalation(services, item);
    case 'problem': return services.dialogs.choose({ message: oneLine(item.title, 300), detail: item.detail.slice(0, 4_000), actions: [] });
  }
}

async function openEscalation(services: Services, item: AttentionInfo): Promise<void> {
  const close = l10n.t('Close Escalation');
  const show = l10n.t('Show Bead');
  const choice = await services.dialogs.choose({
    message: oneLine(item.title, 300), detail: item.detail.slice(0, 4_000), actions: item.bead ? [show, close] : [close],
  });
  if (choice === close) await services.connection.call(EscalationClose.spec, { id: item.id });
  if (choice === show && item.bead) await services.documents.show(item.bead);
}

/** What the status bar counts, as a list. */
async function showOverview(services: Services): Promise<unknown> {
  const { model, connection } = services;
  if (!model.hasSnapshot) return vscode.commands.executeCommand('gastown.convoys.focus');
  const needs = attentionInOrder(model);
  const working = agentsAtWork(model);
  type Go = () => Thenable<unknown>;
  const separator = (label: string): vscode.QuickPickItem & { value: Go } => ({ label, kind: vscode.QuickPickItemKind.Separator, value: async () => undefined });
  const go = await askChoice<Go>([
    ...(needs.length > 0 ? [separator(l10n.t('Needs you'))] : []),
    ...needs.map((item) => ({ label: `$(${attentionIcons[item.kind].id}) ${noIcons(oneLine(item.title))}`, value: () => openItem(services, item) })),
    ...(working.length > 0 ? [separator(l10n.t('At work'))] : []),
    ...working.map((agent) => ({ ...agentChoice(agent), value: async () => services.terminals.open(agent.id) })),
    separator(l10n.t('Town')),
    model.town?.up
      ? { label: `$(debug-pause) ${l10n.t('Pause Engine')}`, value: () => vscode.commands.executeCommand('gastown.pauseEngine') }
      : { label: `$(play) ${l10n.t('Start Engine')}`, value: () => vscode.commands.executeCommand('gastown.startEngine') },
    { label: `$(list-tree) ${l10n.t('Show Convoys')}`, value: () => vscode.commands.executeCommand('gastown.convoys.focus') },
  ], { title: model.town?.name ?? 'Gas Town', ignoreFocusOut: false, placeHolder: overviewHint(working.length, needs.length, connection.isReady) });
  return go();
}

function overviewHint(working: number, needs: number, ready: boolean): string {
  if (!ready) return l10n.t('The server does not answer; this is what was known last.');
  return l10n.t('{0} at work, {1} need you', working, needs);
}
