import { turnEndAnswer } from '../../agents/hookAnswer';
import { UserError } from '../../base/errors';
import {
  MailAck,
  MailCheck,
  MailInbox,
  mailPriorities,
  MailRead,
  MailReply,
  MailSend,
  type MailInfo,
  type MailPriority,
} from '../../protocol/mail';
import { InvalidValue, type CliCommand, type Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { GtContext } from './context';

interface SendOptions {
  subject: string;
  message?: string;
  human?: boolean;
  priority: MailPriority;
  urgent?: boolean;
  replyTo?: string;
}

export function addMail(program: CliCommand, context: GtContext): void {
  const mail = program.command('mail').description('mail between agents and people');
  addInbox(mail, context);
  addRead(mail, context);
  addSend(mail, context);
  addReply(mail, context);
  addAck(mail, context);
  addCheck(mail, context);
}

function addInbox(mail: CliCommand, context: GtContext): void {
  mail
    .command('inbox')
    .description('list mail')
    .argument('[address]', 'whose inbox (default: yours)')
    .option('-u, --unread', 'only unread mail')
    .option('-a, --all', 'also acknowledged mail')
    .withHelp({
      examples: [
        ['gt mail inbox', 'yours'],
        ['gt mail inbox toy/rust --unread', 'what an agent has not read'],
      ],
      see: ['gt mail read'],
    })
    .action(
      async (address: string | undefined, options: { unread?: boolean; all?: boolean }, invocation: Invocation) => {
        const mails = await context.call(invocation, MailInbox.spec, { address, ...options });
        context.print(invocation, mails, () => (mails.length > 0 ? mails.map(summaryLine) : 'No mail'));
      },
    );
}

function addRead(mail: CliCommand, context: GtContext): void {
  mail
    .command('read <mail>')
    .alias('show')
    .description('show one mail')
    .withHelp({
      examples: [['gt mail read hq-m1n2o', 'with its text']],
      see: ['gt mail reply', 'gt mail ack'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, MailRead.spec, { id });
      context.print(invocation, info, () => mailLines(info));
    });
}

function addSend(mail: CliCommand, context: GtContext): void {
  mail
    .command('send')
    .description('send mail')
    .argument('[to]', 'an agent (toy/rust), mayor, a person by name, or overseer')
    .addOption('-s, --subject <text>', 'the subject', { mandatory: true })
    .option('-m, --message <text>', 'the text')
    .option('--human', 'to the person responsible for the town')
    .option('--priority <priority>', mailPriorities.join(', '), parsePriority, 'normal')
    .option('--urgent', 'same as --priority urgent')
    .option('--reply-to <id>', 'the mail that it answers')
    .withHelp({
      text: 'An agent gets it when it starts or at the end of its turn.',
      examples: [
        ['gt mail send toy/rust -s "Spaces" -m "File names may have spaces"', 'to an agent'],
        ['gt mail send --human -s "Which database?" --urgent', 'to the person responsible for the town'],
      ],
      see: ['gt nudge', 'gt escalate'],
    })
    .action(async (to: string | undefined, options: SendOptions, invocation: Invocation) => {
      if ((options.human ?? false) === (to !== undefined))
        throw new UserError('name one recipient', 'gt mail send <to> …, or gt mail send --human …');
      const info = await context.call(invocation, MailSend.spec, {
        to: to ?? 'overseer',
        subject: options.subject,
        body: options.message,
        priority: options.urgent ? 'urgent' : options.priority,
        replyTo: options.replyTo,
      });
      context.print(invocation, info, () => `✓ Sent ${info.id} to ${info.to}`);
    });
}

function addReply(mail: CliCommand, context: GtContext): void {
  mail
    .command('reply <mail>')
    .description('answer a mail')
    .argument('[text]', 'the text, as with --message')
    .option('-m, --message <text>', 'the text')
    .option('-s, --subject <text>', 'another subject')
    .withHelp({
      examples: [['gt mail reply hq-m1n2o -m "Use SQLite"', 'to its sender']],
      see: ['gt mail read'],
    })
    .action(
      async (
        id: string,
        text: string | undefined,
        options: { message?: string; subject?: string },
        invocation: Invocation,
      ) => {
        const body = options.message ?? text;
        if (!body) throw new UserError('the reply has no text', 'gt mail reply <id> -m "…"');
        const info = await context.call(invocation, MailReply.spec, { id, body, subject: options.subject });
        context.print(invocation, info, () => `✓ Sent ${info.id} to ${info.to}`);
      },
    );
}

function addAck(mail: CliCommand, context: GtContext): void {
  mail
    .command('ack <mail...>')
    .alias('mark-read')
    .description('acknowledge mail: it leaves the inbox')
    .withHelp({ examples: [['gt mail ack hq-m1n2o hq-p3q4r', 'two at once']], see: ['gt mail inbox'] })
    .action(async (ids: string[], _options: unknown, invocation: Invocation) => {
      const mails = await context.call(invocation, MailAck.spec, { ids });
      context.print(invocation, mails, () => mails.map((info) => `✓ ${info.id}`));
    });
}

function addCheck(mail: CliCommand, context: GtContext): void {
  mail
    .command('check')
    .description('for hooks: print new mail of the calling agent, or nothing')
    .addOption('--inject [answer]', 'for the agent: as text, or as the answer of a runtime hook at the end of a turn', {
      choices: ['text', 'block'],
      preset: 'text',
    })
    .withHelp({
      examples: [
        ['gt mail check', 'is there new mail?'],
        ['gt mail check --inject=block', 'for a runtime hook at the end of a turn'],
      ],
      exits: { 0: 'always with --inject: a hook that fails would disturb the agent' },
      see: ['gt mail inbox'],
    })
    .action(async ({ inject }: { inject?: 'text' | 'block' }, invocation: Invocation) => {
      const { text, ids } = await context.call(invocation, MailCheck.spec, {}).catch((error: unknown) => {
        // A hook that fails would disturb the agent's turn; its mail waits for the next turn.
        if (inject === undefined) throw error;
        return { text: '', ids: [] };
      });
      if (ids.length > 0)
        context.print(invocation, { text, ids }, () =>
          inject === 'block' ? turnEndAnswer(text.trimEnd()) : text.trimEnd(),
        );
    });
}

function parsePriority(text: string): MailPriority {
  const found = mailPriorities.find((known) => known === text);
  if (!found) throw new InvalidValue(`one of ${mailPriorities.join(', ')}`);
  return found;
}

const marks = { unread: '●', read: '○', acked: '✓' };

function summaryLine(mail: MailInfo): string {
  const priority = mail.priority === 'normal' ? '' : ` (${mail.priority})`;
  return oneLine(`${marks[mail.state]} ${mail.id} ${mail.from} → ${mail.to}: ${mail.subject}${priority}`);
}

function mailLines(mail: MailInfo): string[] {
  const state = mail.state === 'acked' ? 'acknowledged' : mail.state;
  return [
    `${mail.id} (${state}${mail.priority === 'normal' ? '' : `, ${mail.priority}`})`,
    oneLine(`From: ${mail.from}`),
    oneLine(`To: ${mail.to}`),
    `Sent: ${mail.sentAt}`,
    oneLine(`Subject: ${mail.subject}`),
    ...(mail.replyTo ? [`In reply to: ${mail.replyTo}`] : []),
    '',
    mail.body,
  ];
}
