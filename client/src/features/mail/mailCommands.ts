import type { Caller } from '../../../../server/src/protocol/request';
import { MailAck, MailRead, MailReply } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, textParam, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { askText, required } from '../../ui/prompts';
import { pickAttention } from '../attention/pickAttention';

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Dialogs;
}

/** The user's mail; unread mail is in the Needs Attention view. */
export function mailCommands({ connection, store }: Services): Commands<'gastown.replyMail' | 'gastown.ackMail'> {
  return {
    'gastown.replyMail': {
      requires: 'town',
      async run(argument) {
        const id = await mailId(store, argument, l10n.t('Reply to Mail'));
        return reply(connection, id, textParam(argument, 'text') ?? (await askReply()));
      },
    },
    'gastown.ackMail': {
      requires: 'town',
      async run(argument) {
        const id = await mailId(store, argument, l10n.t('Acknowledge Mail'));
        return connection.call(MailAck.spec, { ids: [id] });
      },
    },
  };
}

/** Shows a mail, which marks it as read: it is no longer listed, and stays in the inbox until it is acknowledged. */
export async function openMail({ connection, dialogs }: Omit<Services, 'store'>, id: string): Promise<unknown> {
  const mail = await connection.call(MailRead.spec, { id });
  const [answer, acknowledge] = [l10n.t('Reply…'), l10n.t('Acknowledge')];
  const choice = await dialogs.choose({
    message: oneLine(mail.subject, 300),
    detail: `${l10n.t('From {0} to {1}', oneLine(mail.from), oneLine(mail.to))}\n\n${mail.body.slice(0, 4_000)}`,
    actions: [answer, acknowledge],
  });
  if (choice === answer) return reply(connection, id, await askReply());
  return choice === acknowledge ? connection.call(MailAck.spec, { ids: [id] }) : mail;
}

async function mailId(store: TownStore, argument: Argument, title: string): Promise<string> {
  const none = l10n.t('there is no unread mail');
  return idOf(argument, 'attention') ?? (await pickAttention(store, title, ({ kind }) => kind === 'mail', none)).id;
}

function askReply(): Promise<string> {
  return askText({
    title: l10n.t('Reply to Mail'),
    prompt: l10n.t('Your reply'),
    validateInput: required(l10n.t('The reply is empty.')),
  });
}

function reply(connection: Caller, id: string, body: string): Promise<unknown> {
  return connection.call(MailReply.spec, { id, body });
}
