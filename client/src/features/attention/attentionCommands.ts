import * as vscode from 'vscode';
import { BeadClose } from '../../../../server/src/protocol/bead';
import type { Caller } from '../../../../server/src/protocol/request';
import { EscalationAck, EscalationClose, type AttentionInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { pickAttention } from './pickAttention';

type Kind = AttentionInfo['kind'];
/** Opens an attention item of kinds that other features own. */
export type AttentionHandlers = Record<
  Exclude<Kind, 'escalation' | 'problem' | 'gate'>,
  (item: AttentionInfo) => Promise<unknown>
>;

interface Services {
  connection: Caller;
  dialogs: Dialogs;
  showBead: (bead: string) => Promise<void>;
  handlers: AttentionHandlers;
}

/** Opens attention items: a review in its editor, an agent in its terminal, a message in a dialog. */
export class AttentionOpener {
  constructor(private readonly services: Services) {}

  async open(item: AttentionInfo): Promise<unknown> {
    // In Restricted Mode items can only be read.
    if (!vscode.workspace.isTrusted && item.kind !== 'review') return this.show(item);
    switch (item.kind) {
      case 'problem':
        return this.show(item);
      case 'escalation':
        return this.openEscalation(item);
      case 'gate':
        return this.openGate(item);
      default:
        return this.services.handlers[item.kind](item);
    }
  }

  private show(item: AttentionInfo): Promise<unknown> {
    return this.services.dialogs.choose({ ...messageOfItem(item), actions: [] });
  }

  private async openGate(item: AttentionInfo): Promise<void> {
    const { connection, dialogs, showBead } = this.services;
    const open = l10n.t('Open Gate');
    const show = l10n.t('Show Bead');
    const choice = await dialogs.choose({ ...messageOfItem(item), actions: [open, ...(item.bead ? [show] : [])] });
    if (choice === open && item.gate)
      await connection.call(BeadClose.spec, { ids: [item.gate], reason: 'opened by a person' });
    if (choice === show && item.bead) await showBead(item.bead);
  }

  private async openEscalation(item: AttentionInfo): Promise<void> {
    const { connection, dialogs, showBead } = this.services;
    const close = l10n.t('Close Escalation');
    const acknowledge = l10n.t('Acknowledge');
    const show = l10n.t('Show Bead');
    const choice = await dialogs.choose({
      ...messageOfItem(item),
      actions: [...(item.bead ? [show] : []), ...(item.acked ? [] : [acknowledge]), close],
    });
    if (choice === acknowledge) await connection.call(EscalationAck.spec, { id: item.id });
    if (choice === close) await connection.call(EscalationClose.spec, { id: item.id });
    if (choice === show && item.bead) await showBead(item.bead);
  }
}

/** Title and detail of an item, for a dialog. */
export function messageOfItem(item: AttentionInfo): { message: string; detail: string } {
  return { message: oneLine(item.title, 300), detail: item.detail.slice(0, 4_000) };
}

export function attentionCommands({
  connection,
  store,
  opener,
}: {
  connection: Caller;
  store: TownStore;
  opener: AttentionOpener;
}): Commands<
  'gastown.showNeedsAttention' | 'gastown.openAttention' | 'gastown.ackEscalation' | 'gastown.closeEscalation'
> {
  return {
    'gastown.showNeedsAttention': {
      requires: 'nothing',
      run: async () => vscode.commands.executeCommand('gastown.attention.focus'),
    },
    'gastown.openAttention': {
      requires: 'readableTown',
      async run(argument) {
        const id = idOf(argument, 'attention');
        const item =
          id === undefined
            ? await pickAttention(store, l10n.t('Needs Attention'), () => true, l10n.t('nothing needs your attention'))
            : store.attention.get(id);
        // The item may have just been handled in another window.
        return item && opener.open(item);
      },
    },
    'gastown.ackEscalation': {
      requires: 'town',
      async run(argument) {
        const isOpen = (item: AttentionInfo): boolean => item.kind === 'escalation' && !item.acked;
        const id = await escalationId(store, argument, l10n.t('Acknowledge Escalation'), isOpen);
        return connection.call(EscalationAck.spec, { id });
      },
    },
    'gastown.closeEscalation': {
      requires: 'town',
      async run(argument) {
        const isEscalation = (item: AttentionInfo): boolean => item.kind === 'escalation';
        const id = await escalationId(store, argument, l10n.t('Close Escalation'), isEscalation);
        return connection.call(EscalationClose.spec, { id });
      },
    },
  };
}

async function escalationId(
  store: TownStore,
  argument: Argument,
  title: string,
  accept: (item: AttentionInfo) => boolean,
): Promise<string> {
  const none = l10n.t('there is no escalation');
  return idOf(argument, 'attention') ?? (await pickAttention(store, title, accept, none)).id;
}
