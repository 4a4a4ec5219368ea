import { request, type NoParams, type WithDefaults } from './request';

/** Mail between agents and people: beads of type `message` in the town's ledger. */

export const mailPriorities = ['urgent', 'high', 'normal', 'low'] as const;
export type MailPriority = (typeof mailPriorities)[number];

export interface MailInfo {
  id: string;
  from: string;
  /** An agent's address, a person's name, or `overseer` for the person responsible for the town. */
  to: string;
  subject: string;
  body: string;
  priority: MailPriority;
  /** Id of the first mail of the thread. */
  thread: string;
  replyTo?: string;
  sentAt: string;
  state: 'unread' | 'read' | 'acked';
}

export namespace MailInbox {
  export interface Params {
    /** Whose inbox; by default the caller's own. */
    address?: string;
    unread?: boolean;
    /** Also acknowledged mail. */
    all?: boolean;
  }
  export const spec = request<Params, MailInfo[], WithDefaults<Params, 'unread' | 'all'>>('gastown/mail/inbox', 'read');
}

export namespace MailRead {
  /** One mail. It is marked as read if the caller is its recipient. */
  export const spec = request<{ id: string }, MailInfo>('gastown/mail/read', 'write');
}

export namespace MailSend {
  export interface Params {
    to: string;
    subject: string;
    body?: string;
    priority?: MailPriority;
    replyTo?: string;
  }
  export const spec = request<Params, MailInfo, WithDefaults<Params, 'body' | 'priority'>>(
    'gastown/mail/send',
    'write',
  );
}

export namespace MailReply {
  export const spec = request<{ id: string; body: string; subject?: string }, MailInfo>('gastown/mail/reply', 'write');
}

export namespace MailAck {
  /** Archives mail: removes it from the inbox. Doing it twice changes nothing. */
  export const spec = request<{ ids: string[] }, MailInfo[]>('gastown/mail/ack', 'write');
}

export namespace MailCheck {
  /** For hooks: mail that was not delivered to the calling agent yet, as text; empty if there is none. */
  export const spec = request<NoParams, { text: string; ids: string[] }>('gastown/mail/check', 'read');
}

export const mailRequests = [
  MailInbox.spec,
  MailRead.spec,
  MailSend.spec,
  MailReply.spec,
  MailAck.spec,
  MailCheck.spec,
] as const;
