import { z } from 'zod';
import type { BeadStore, Transaction } from '../../beads/store';
import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { mailPriorities, type MailInfo, type MailPriority } from '../../protocol/town';
import { isClosed } from '../state/work';
import { isForPerson, isOverseer, OVERSEER } from './addresses';

/** Data of a mail besides its text, kept on the bead (`metadata.mail`). */
const mailSchema = z.looseObject({
  from: z.string().optional(),
  /** A `request` of a person to the Mayor is answered with a plan, and is in no inbox. */
  kind: z.enum(['mail', 'request']).default('mail'),
  thread: z.string().optional(),
  replyTo: z.string().optional(),
  readAt: z.string().optional(),
  /** Time at which a hook or a session's start delivered it to the agent. */
  deliveredAt: z.string().optional(),
  /** Number of Mayor sessions that were started for it but did not handle it. */
  tries: z.number().int().default(0),
  notBefore: z.string().optional(),
  /** Whether the Mayor was stopped or did not handle it: a person has to restart the Mayor. */
  held: z.boolean().optional(),
});
export type Mail = z.output<typeof mailSchema>;

export const MESSAGE = 'message';
const BODY_BYTES = 100_000;

export function mailOf(bead: Bead): Mail {
  const parsed = mailSchema.safeParse((bead.metadata as { mail?: unknown } | undefined)?.mail ?? {});
  return parsed.success ? parsed.data : mailSchema.parse({});
}

export function withMail(bead: Bead, changes: Partial<Mail>): Record<string, unknown> {
  const mail = Object.fromEntries(
    Object.entries({ ...mailOf(bead), ...changes }).filter(([, value]) => value !== undefined),
  );
  return { ...(bead.metadata as object | undefined), mail };
}

export function mailInfo(bead: Bead): MailInfo {
  const mail = mailOf(bead);
  return {
    id: bead.id,
    from: mail.from ?? bead.created_by ?? 'unknown',
    to: bead.assignee ?? OVERSEER,
    subject: bead.title,
    body: bead.description ?? '',
    priority: mailPriorities[Math.min(bead.priority, 3)] ?? 'normal',
    thread: mail.thread ?? bead.id,
    replyTo: mail.replyTo,
    sentAt: bead.created_at,
    state: isClosed(bead.status) ? 'acked' : mail.readAt === undefined ? 'unread' : 'read',
  };
}

export interface Letter {
  from: string;
  /** Address as returned by `recipient`. */
  to: string;
  subject: string;
  body: string;
  priority?: MailPriority;
  thread?: string;
  replyTo?: string;
  kind?: Mail['kind'];
}

/** Creates a mail in the batch of its cause, so that a crash cannot separate the two. */
export function sendMail(tx: Transaction, letter: Letter): Bead {
  const { from, thread, replyTo, kind } = letter;
  const metadata = {
    mail: Object.fromEntries(
      Object.entries({ from, thread, replyTo, kind }).filter(([, value]) => value !== undefined),
    ),
  };
  const bead = tx.create('hq', {
    title: cutBytes(letter.subject.replace(/\s+/g, ' ').trim() || '(no subject)', 400),
    description: cutBytes(letter.body, BODY_BYTES),
    type: MESSAGE,
    assignee: isOverseer(letter.to) ? OVERSEER : letter.to,
    priority: mailPriorities.indexOf(letter.priority ?? 'normal'),
    labels: [kind === 'request' ? 'gt:request' : 'gt:mail'],
    metadata,
  });
  tx.event({
    type: kind === 'request' ? 'mayor_asked' : 'mail_sent',
    bead: bead.id,
    agent: isForPerson(letter.to) ? undefined : letter.to,
    message: bead.title,
  });
  return bead;
}

/** Addresses of a caller: an agent has its own; a person has their name and `overseer`. */
export function ownAddresses(who: { agent?: string; actor: string }): string[] {
  return who.agent === undefined ? [who.actor, OVERSEER] : [who.agent];
}

export interface InboxQuery {
  /** Addresses of the inboxes; undefined for all. */
  addresses?: readonly string[];
  unread?: boolean;
  /** Also acknowledged mail. */
  all?: boolean;
}

/** Whether a mail was written in this town. Mail from a pull or an import is shown but starts no agent. */
export function isOurs(bead: Bead): boolean {
  return mailOf(bead).from !== undefined;
}

/** Mail of an inbox: most urgent first, then oldest. */
export function inbox(store: BeadStore, query: InboxQuery): Bead[] {
  return store
    .list({ type: [MESSAGE], ledger: 'hq', all: query.all, limit: 0 })
    .filter(
      (bead) =>
        mailOf(bead).kind === 'mail' &&
        (query.addresses === undefined || query.addresses.includes(bead.assignee ?? OVERSEER)),
    )
    .filter((bead) => !query.unread || (mailOf(bead).readAt === undefined && !isClosed(bead.status)))
    .sort((a, b) => a.priority - b.priority || a.created_at.localeCompare(b.created_at));
}

/** @throws UserError `not-found` for other beads */
export function requireMail(store: BeadStore, id: string): Bead {
  const bead = store.get(store.resolve(id, 'hq'));
  if (bead?.issue_type !== MESSAGE || mailOf(bead).kind !== 'mail')
    throw new UserError(`${id} is not a mail`, 'see "gt mail inbox"', 'not-found');
  return bead;
}

/** Thread of a reply. */
export function threadOf(bead: Bead): { thread: string; replyTo: string } {
  return { thread: mailOf(bead).thread ?? bead.id, replyTo: bead.id };
}

export function markRead(tx: Transaction, id: string, now: Date): void {
  const bead = tx.get(id);
  if (bead && !isClosed(bead.status) && mailOf(bead).readAt === undefined)
    tx.update(id, { metadata: withMail(bead, { readAt: now.toISOString() }) });
}

export function ackMail(tx: Transaction, id: string, now: Date): void {
  markRead(tx, id, now);
  const bead = tx.get(id);
  if (bead && !isClosed(bead.status)) tx.close(id, 'Acked', { force: true });
}

/** Records that these mails were delivered to the agent; they stay unread. */
export async function markDelivered(store: BeadStore, actor: string, mails: readonly Bead[]): Promise<void> {
  const fresh = mails.filter((bead) => mailOf(bead).deliveredAt === undefined);
  if (fresh.length === 0) return;
  await store.batch({ actor }, (tx) => {
    for (const { id } of fresh) {
      const bead = tx.get(id);
      if (bead) tx.update(id, { metadata: withMail(bead, { deliveredAt: new Date().toISOString() }) });
    }
  });
}
