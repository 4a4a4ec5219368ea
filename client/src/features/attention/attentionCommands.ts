import * as vscode from 'vscode';
import {
  EscalationAck,
  EscalationClose,
  MailAck,
  MailRead,
  MailReply,
  type AttentionInfo,
} from '../../../../server/src/protocol/town';
import { l10n } from '../../base/l10n';
import { noIcons, oneLine } from '../../base/text';
import { activeAgents, sortedAttention } from '../../state/queries';
import { askChoice, askText, required, type Choice } from '../../ui/prompts';
import { attentionIcons } from './attentionRows';
import { idOf, type Argument, type Command, type Services } from '../../ui/command';
import { agentChoice, pickAttention } from '../beads/pickBead';
import { fastForward } from '../rigs/rigCommands';
import { giveConsent } from './consent';

export const attentionCommands = {
  'gastown.showNeedsAttention': {
    needs: 'nothing',
    run: async () => vscode.commands.executeCommand('gastown.attention.focus'),
  },
  'gastown.openAttention': {
    needs: 'look',
    async run(services, argument) {
      const id = idOf(argument, 'attention');
      const item =
        id === undefined
          ? await pickAttention(services, l10n.t('Needs Attention'), () => true, l10n.t('nothing needs you'))
          : services.store.attention.get(id);
      // It may have been settled in another window a moment ago.
      return item && openItem(services, item);
    },
  },
  'gastown.acceptCommands': {
    needs: 'town',
    async run(services, argument) {
      const id = idOf(argument, 'attention');
      const rig = idOf(argument, 'rig');
      const wanted = (item: AttentionInfo): boolean =>
        item.consent !== undefined && (id === undefined || item.id === id) && (rig === undefined || item.rig === rig);
      const item = await pickAttention(
        services,
        l10n.t('Accept Commands'),
        wanted,
        l10n.t('no commands wait for consent'),
      );
      return giveConsent(services, item);
    },
  },
  'gastown.ackEscalation': {
    needs: 'town',
    async run(services, argument) {
      const id =
        idOf(argument, 'attention') ??
        (
          await pickAttention(
            services,
            l10n.t('Acknowledge Escalation'),
            (item) => item.kind === 'escalation' && !item.acked,
            l10n.t('there is no escalation'),
          )
        ).id;
      return services.connection.call(EscalationAck.spec, { id });
    },
  },
  'gastown.replyMail': {
    needs: 'town',
    async run(services, argument) {
      const { text } = argument.params;
      return reply(
        services,
        await pickMail(services, argument, l10n.t('Reply to Mail')),
        typeof text === 'string' ? text : undefined,
      );
    },
  },
  'gastown.ackMail': {
    needs: 'town',
    async run(services, argument) {
      return services.connection.call(MailAck.spec, {
        ids: [await pickMail(services, argument, l10n.t('Acknowledge Mail'))],
      });
    },
  },
  'gastown.closeEscalation': {
    needs: 'town',
    async run(services, argument) {
      const id =
        idOf(argument, 'attention') ??
        (
          await pickAttention(
            services,
            l10n.t('Close Escalation'),
            (item) => item.kind === 'escalation',
            l10n.t('there is no escalation'),
          )
        ).id;
      return services.connection.call(EscalationClose.spec, { id });
    },
  },
  'gastown.showOverview': {
    needs: 'nothing',
    run: showOverview,
  },
} satisfies Record<string, Command>;

async function openItem(services: Services, item: AttentionInfo): Promise<unknown> {
  // In restricted mode people read what it is about, and can do nothing about it.
  if (!vscode.workspace.isTrusted && item.kind !== 'review') return showItem(services, item);
  switch (item.kind) {
    case 'consent':
      return giveConsent(services, item);
    case 'fast-forward':
      return fastForward(services, { target: undefined, targets: [], params: { rig: item.rig } });
    case 'review':
      return services.reviews.open(item.mergeRequest ?? item.bead ?? '');
    case 'input':
      return item.agent && services.terminals.open(item.agent);
    case 'escalation':
      return openEscalation(services, item);
    case 'mail':
      return openMail(services, item.id);
    case 'plan':
      return openPlan(services, item);
    case 'problem':
      return showItem(services, item);
  }
}

function showItem(services: Services, item: AttentionInfo): Promise<unknown> {
  return services.dialogs.choose({
    message: oneLine(item.title, 300),
    detail: item.detail.slice(0, 4_000),
    actions: [],
  });
}

async function openEscalation(services: Services, item: AttentionInfo): Promise<void> {
  const close = l10n.t('Close Escalation');
  const ack = l10n.t('Acknowledge');
  const show = l10n.t('Show Bead');
  const choice = await services.dialogs.choose({
    message: oneLine(item.title, 300),
    detail: item.detail.slice(0, 4_000),
    actions: [...(item.bead ? [show] : []), ...(item.acked ? [] : [ack]), close],
  });
  if (choice === ack) await services.connection.call(EscalationAck.spec, { id: item.id });
  if (choice === close) await services.connection.call(EscalationClose.spec, { id: item.id });
  if (choice === show && item.bead) await services.documents.show(item.bead);
}

async function pickMail(services: Services, argument: Argument, title: string): Promise<string> {
  return (
    idOf(argument, 'attention') ??
    (await pickAttention(services, title, (item) => item.kind === 'mail', l10n.t('there is no unread mail'))).id
  );
}

/** Opened is read: it leaves the list, and stays in the inbox until it is acknowledged. */
async function openMail(services: Services, id: string): Promise<unknown> {
  const mail = await services.connection.call(MailRead.spec, { id });
  const [answer, ack] = [l10n.t('Reply…'), l10n.t('Acknowledge')];
  const choice = await services.dialogs.choose({
    message: oneLine(mail.subject, 300),
    detail: `${l10n.t('From {0} to {1}', oneLine(mail.from), oneLine(mail.to))}\n\n${mail.body.slice(0, 4_000)}`,
    actions: [answer, ack],
  });
  if (choice === answer) return reply(services, id);
  return choice === ack ? services.connection.call(MailAck.spec, { ids: [id] }) : mail;
}

async function reply(services: Services, id: string, given?: string): Promise<unknown> {
  const body =
    given ??
    (await askText({
      title: l10n.t('Reply to Mail'),
      prompt: l10n.t('Your answer'),
      validateInput: required(l10n.t('An answer needs a text.')),
    }));
  return services.connection.call(MailReply.spec, { id, body });
}

async function openPlan(services: Services, item: AttentionInfo): Promise<unknown> {
  const [open, launch] = [l10n.t('Open Convoy'), l10n.t('Launch')];
  const choice = await services.dialogs.choose({
    message: oneLine(item.title, 300),
    detail: item.detail.slice(0, 4_000),
    actions: [open, launch],
  });
  if (choice === launch) return vscode.commands.executeCommand('gastown.launchConvoy', { convoy: item.convoy });
  if (choice === open && !(await services.views.convoys.reveal(`convoy:${item.convoy}`)))
    await vscode.commands.executeCommand('gastown.convoys.focus');
  return undefined;
}

type Go = () => Thenable<unknown>;

/** What the status bar counts, as a list. */
async function showOverview(services: Services): Promise<unknown> {
  const { store, connection } = services;
  if (!store.hasSnapshot) return vscode.commands.executeCommand('gastown.convoys.focus');
  const needs = sortedAttention(store);
  const working = activeAgents(store);
  // Who only looks on has no terminals, and starts nothing.
  const trusted = vscode.workspace.isTrusted;
  const separator = (label: string): vscode.QuickPickItem & { value: Go } => ({
    label,
    kind: vscode.QuickPickItemKind.Separator,
    value: async () => undefined,
  });
  const go = await askChoice<Go>(
    [
      ...(needs.length > 0 ? [separator(l10n.t('Needs you'))] : []),
      ...needs.map((item) => ({
        label: `$(${attentionIcons[item.kind].id}) ${noIcons(oneLine(item.title))}`,
        value: () => openItem(services, item),
      })),
      ...(trusted && working.length > 0 ? [separator(l10n.t('At work'))] : []),
      ...(trusted
        ? working.map((agent) => ({ ...agentChoice(agent), value: async () => services.terminals.open(agent.id) }))
        : []),
      separator(l10n.t('Town')),
      ...(trusted ? [engineChoice(store.town?.up === true)] : []),
      {
        label: `$(list-tree) ${l10n.t('Show Convoys')}`,
        value: () => vscode.commands.executeCommand('gastown.convoys.focus'),
      },
    ],
    {
      title: store.town?.name ?? 'Gas Town',
      ignoreFocusOut: false,
      placeHolder: overviewHint(working.length, needs.length, connection.isReady),
    },
  );
  return go();
}

function engineChoice(up: boolean): Choice<Go> {
  return up
    ? {
        label: `$(debug-pause) ${l10n.t('Pause Engine')}`,
        value: () => vscode.commands.executeCommand('gastown.pauseEngine'),
      }
    : {
        label: `$(play) ${l10n.t('Start Engine')}`,
        value: () => vscode.commands.executeCommand('gastown.startEngine'),
      };
}

function overviewHint(working: number, needs: number, ready: boolean): string {
  if (!ready) return l10n.t('The server does not answer; this is what was known last.');
  return l10n.t('{0} at work, {1} need you', working, needs);
}
