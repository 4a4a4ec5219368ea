import { mailSection } from '../prime/mailText';
import { UserError } from '../../base/errors';
import {
  acknowledge,
  closeEscalation,
  escalationInfo,
  escalations,
  raise,
  requireEscalation,
} from '../escalation/escalation';
import {
  ackMail,
  inbox,
  mailInfo,
  mailOf,
  markRead,
  ownAddresses,
  requireMail,
  sendMail,
  threadOf,
  markDelivered,
} from './mail';
import { recipient, type AddressBook } from './addresses';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import {
  EscalationAck,
  EscalationClose,
  EscalationGet,
  EscalationList,
  EscalationRaise,
  MailAck,
  MailCheck,
  MailInbox,
  MailRead,
  MailReply,
  MailSend,
  type MailInfo,
} from '../../protocol/town';
import type { BeadStore } from '../../beads/store';
import type { Dispatcher } from '../../protocol/dispatcher';
import type { SessionPort } from '../loop/ports';

/** An agent with output more recent than this is in the middle of a turn and is not interrupted. */
const QUIET_MS = 3_000;

export interface MailTown {
  readonly dispatcher: Dispatcher;
  readonly store: BeadStore;
  readonly sessions: Pick<SessionPort, 'all' | 'takesNudges' | 'nudge'>;
  readonly addresses: AddressBook;
  /** The bead that an agent works on. */
  hookedBead(agent: string): Bead | undefined;
  /** Called when the caller may have handled the last request that the Mayor was started for. */
  mayorMayEnd(caller: CallContext): void;
}

export function registerMailHandlers(town: MailTown): void {
  const { dispatcher, store } = town;
  dispatcher.on(MailInbox.spec, async ({ address, unread, all }, caller) => {
    const addresses = address === undefined ? ownAddresses(caller) : [recipient(address, town.addresses)];
    return inbox(store, { addresses, unread, all }).map(mailInfo);
  });
  dispatcher.on(MailRead.spec, async ({ id }, caller) => {
    const bead = requireMail(store, id);
    if (isRecipient(caller, bead))
      await store.batch({ actor: caller.actor }, (tx) => markRead(tx, bead.id, new Date()));
    return mailInfo(store.get(bead.id)!);
  });
  dispatcher.on(MailSend.spec, async ({ to, replyTo, ...letter }, caller) => {
    const before = replyTo === undefined ? undefined : requireMail(store, replyTo);
    return send(town, caller, { to: recipient(to, town.addresses), ...letter, ...(before ? threadOf(before) : {}) });
  });
  dispatcher.on(MailReply.spec, async ({ id, body, subject }, caller) => {
    const before = requireMail(store, id);
    const { from, subject: about, priority } = mailInfo(before);
    const sent = await send(town, caller, {
      to: from,
      subject: subject ?? (/^re:/i.test(about) ? about : `Re: ${about}`),
      body,
      priority,
      ...threadOf(before),
    });
    if (isRecipient(caller, before))
      await store.batch({ actor: caller.actor }, (tx) => markRead(tx, before.id, new Date()));
    return sent;
  });
  dispatcher.on(MailAck.spec, async ({ ids }, caller) => {
    const beads = ids.map((id) => requireMail(store, id));
    await store.batch({ actor: caller.actor }, (tx) => beads.forEach(({ id }) => ackMail(tx, id, new Date())));
    town.mayorMayEnd(caller);
    return beads.map(({ id }) => mailInfo(store.get(id)!));
  });
  dispatcher.on(MailCheck.spec, async (_params, caller) => {
    const mails = undelivered(town, caller);
    await markDelivered(store, caller.actor, mails);
    return { text: mailSection(mails.map(mailInfo)), ids: mails.map((mail) => mail.id) };
  });
  registerEscalationHandlers(town);
}

function registerEscalationHandlers(town: MailTown): void {
  const { dispatcher, store } = town;
  dispatcher.on(EscalationRaise.spec, async ({ bead, ...raised }, caller) => {
    const about =
      bead === undefined
        ? caller.agent === undefined
          ? undefined
          : town.hookedBead(caller.agent)?.id
        : store.resolve(bead);
    return raise(store, caller, { ...raised, bead: about });
  });
  dispatcher.on(EscalationList.spec, async ({ all }) => escalations(store, all));
  dispatcher.on(EscalationGet.spec, async ({ id }) => escalationInfo(requireEscalation(store, id)));
  dispatcher.on(EscalationAck.spec, ({ id }, caller) => acknowledge(store, caller, id, new Date()));
  dispatcher.on(EscalationClose.spec, async ({ id, reason }, caller) => {
    await closeEscalation(store, caller, id, reason);
    return null;
  });
}

async function send(
  town: MailTown,
  caller: CallContext,
  letter: Pick<MailInfo, 'to' | 'subject' | 'body' | 'priority'> & { thread?: string; replyTo?: string },
): Promise<MailInfo> {
  if (letter.subject.trim() === '') throw new UserError('a mail needs a subject', 'gt mail send <to> -s "…" -m "…"');
  const sent = await town.store.batch(caller, (tx) => mailInfo(sendMail(tx, { from: caller.actor, ...letter })));
  if (letter.priority === 'urgent') nudge(town, sent);
  return sent;
}

/** Urgent mail does not wait for the agent's next turn. If the nudge fails, the mail is still in the inbox. */
function nudge(town: MailTown, { to, id, from }: MailInfo): void {
  const session = town.sessions.all().find((candidate) => candidate.agent === to && !candidate.exit);
  const isQuiet = session !== undefined && Date.now() - (session.look?.lastOutputAt ?? session.startedAt) > QUIET_MS;
  if (!isQuiet || !town.sessions.takesNudges(session.id)) return;
  void town.sessions
    .nudge(session.id, `Urgent mail from ${from}: read it with "gt mail read ${id}".`)
    .catch(() => undefined);
}

/** Whether the caller is the recipient. A person may read any inbox, but the mail of an agent stays unread. */
function isRecipient(caller: CallContext, bead: Bead): boolean {
  return ownAddresses(caller).includes(mailInfo(bead).to);
}

function undelivered(town: MailTown, caller: CallContext): Bead[] {
  if (caller.session === undefined) return [];
  return inbox(town.store, { addresses: ownAddresses(caller), unread: true }).filter(
    (bead) => mailOf(bead).deliveredAt === undefined,
  );
}
