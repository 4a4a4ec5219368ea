import { InvalidArgumentError, Option, type Command } from 'commander';
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
} from '../../protocol/town';
import { oneLine } from '../shared/output';
import { print, withTown } from '../shared/connect';

interface SendOptions {
  subject: string;
  message?: string;
  human?: boolean;
  priority: MailPriority;
  urgent?: boolean;
  replyTo?: string;
}

export function addMailCommands(program: Command): void {
  const mail = program.command('mail').description('mail between agents and people');
  mail
    .command('inbox [address]')
    .description('what waits for you, or for an address')
    .option('-u, --unread', 'only what nobody has read')
    .option('-a, --all', 'with what is acked')
    .action(async (address: string | undefined, options: { unread?: boolean; all?: boolean }, command: Command) => {
      const mails = await withTown(command, (town) => town.call(MailInbox.spec, { address, ...options }));
      print(command, mails, () => (mails.length > 0 ? mails.map(line) : 'No mail'));
    });
  mail
    .command('read <mail>')
    .alias('show')
    .description('one mail')
    .action(async (id: string, _options, command: Command) => {
      const info = await withTown(command, (town) => town.call(MailRead.spec, { id }));
      print(command, info, () => letter(info));
    });
  mail
    .command('send [to]')
    .description('write to an agent (toy/rust), mayor, a person by name, or overseer')
    .requiredOption('-s, --subject <text>', 'what it is about')
    .option('-m, --message <text>', 'the text')
    .option('--human', 'to the person who looks after the town')
    .option('--priority <priority>', mailPriorities.join(', '), priority, 'normal')
    .option('--urgent', 'same as --priority urgent')
    .option('--reply-to <id>', 'the mail that it answers')
    .action(async (to: string | undefined, options: SendOptions, command: Command) => {
      if ((options.human ?? false) === (to !== undefined))
        throw new UserError('say to whom', 'gt mail send <to> …, or gt mail send --human …');
      const info = await withTown(command, (town) =>
        town.call(MailSend.spec, {
          to: to ?? 'overseer',
          subject: options.subject,
          body: options.message,
          priority: options.urgent ? 'urgent' : options.priority,
          replyTo: options.replyTo,
        }),
      );
      print(command, info, () => `✓ Sent ${info.id} to ${info.to}`);
    });
  mail
    .command('reply <mail> [text]')
    .description('answer a mail')
    .option('-m, --message <text>', 'the text')
    .option('-s, --subject <text>', 'another subject')
    .action(
      async (
        id: string,
        given: string | undefined,
        options: { message?: string; subject?: string },
        command: Command,
      ) => {
        const body = options.message ?? given;
        if (!body) throw new UserError('say what you answer', 'gt mail reply <id> -m "…"');
        const info = await withTown(command, (town) =>
          town.call(MailReply.spec, { id, body, subject: options.subject }),
        );
        print(command, info, () => `✓ Sent ${info.id} to ${info.to}`);
      },
    );
  mail
    .command('ack <mail...>')
    .alias('mark-read')
    .description('seen to: it leaves the inbox')
    .action(async (ids: string[], _options, command: Command) => {
      const mails = await withTown(command, (town) => town.call(MailAck.spec, { ids }));
      print(command, mails, () => mails.map((info) => `✓ ${info.id}`));
    });
  mail
    .command('check')
    .description('for hooks: prints what has come for the calling agent, and nothing where nothing has')
    .addOption(
      new Option('--inject [answer]', 'for the agent: as text, or as a hook at the end of a turn wants it')
        .choices(['text', 'block'])
        .preset('text'),
    )
    .action(async ({ inject }: { inject?: 'text' | 'block' }, command: Command) => {
      const { text, ids } = await withTown(command, (town) => town.call(MailCheck.spec, {})).catch((error: unknown) => {
        // A hook that fails would disturb the agent's turn; its mail waits for the next one.
        if (inject === undefined) throw error;
        return { text: '', ids: [] };
      });
      if (ids.length > 0)
        print(command, { text, ids }, () => (inject === 'block' ? turnEndAnswer(text.trimEnd()) : text.trimEnd()));
    });
}

function priority(text: string): MailPriority {
  const found = mailPriorities.find((known) => known === text);
  if (!found) throw new InvalidArgumentError(`one of ${mailPriorities.join(', ')}`);
  return found;
}

function line(mail: MailInfo): string {
  const mark = { unread: '●', read: '○', acked: '✓' }[mail.state];
  return oneLine(
    `${mark} ${mail.id} ${mail.from} → ${mail.to}: ${mail.subject}${mail.priority === 'normal' ? '' : ` (${mail.priority})`}`,
  );
}

function letter(mail: MailInfo): string[] {
  return [
    `${mail.id} (${mail.state}${mail.priority === 'normal' ? '' : `, ${mail.priority}`})`,
    oneLine(`From: ${mail.from}`),
    oneLine(`To: ${mail.to}`),
    `Sent: ${mail.sentAt}`,
    oneLine(`Subject: ${mail.subject}`),
    ...(mail.replyTo ? [`In reply to: ${mail.replyTo}`] : []),
    '',
    mail.body,
  ];
}
