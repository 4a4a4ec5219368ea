import { z } from 'zod';
import { name } from './names';
import { request } from './request';

/** Mail between agents and people: beads of type `message` in the town's ledger. */

export const mailPriorities = ['urgent', 'high', 'normal', 'low'] as const;
export type MailPriority = (typeof mailPriorities)[number];

export interface MailInfo {
  id: string;
  from: string;
  /** An agent's address, a person's name, or `overseer` for whoever looks after the town. */
  to: string;
  subject: string;
  body: string;
  priority: MailPriority;
  /** The first mail of the exchange. */
  thread: string;
  replyTo?: string;
  sentAt: string;
  state: 'unread' | 'read' | 'acked';
}

const text = z.string().max(100_000);

export namespace MailInbox {
  /** Without an address: the caller's own. Acked ones come with `all` only. */
  export const spec = request<MailInfo[]>()(
    'gastown/mail/inbox',
    z.object({ address: name.optional(), unread: z.boolean().default(false), all: z.boolean().default(false) }),
    'read',
  );
}
export namespace MailRead {
  /** One mail. It counts as read where the caller is the one whom it was sent to. */
  export const spec = request<MailInfo>()('gastown/mail/read', z.object({ id: name }), 'write');
}
export namespace MailSend {
  export const spec = request<MailInfo>()(
    'gastown/mail/send',
    z.object({
      to: name,
      subject: z.string().min(1).max(400),
      body: text.default(''),
      priority: z.enum(mailPriorities).default('normal'),
      replyTo: name.optional(),
    }),
    'write',
  );
}
export namespace MailReply {
  export const spec = request<MailInfo>()(
    'gastown/mail/reply',
    z.object({ id: name, body: text.min(1), subject: z.string().max(400).optional() }),
    'write',
  );
}
export namespace MailAck {
  /** Seen to: it leaves the inbox. Saying it twice changes nothing. */
  export const spec = request<MailInfo[]>()(
    'gastown/mail/ack',
    z.object({ ids: z.array(name).min(1).max(200) }),
    'write',
  );
}
export namespace MailCheck {
  /** For hooks: what nobody has handed to the calling agent yet, as text; empty where there is nothing. */
  export const spec = request<{ text: string; ids: string[] }>()('gastown/mail/check', z.object({}), 'read');
}

export const mailRequests = [
  MailInbox.spec,
  MailRead.spec,
  MailSend.spec,
  MailReply.spec,
  MailAck.spec,
  MailCheck.spec,
] as const;
