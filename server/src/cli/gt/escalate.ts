import { UserError } from '../../base/errors';
import {
  EscalationAck,
  EscalationClose,
  EscalationGet,
  EscalationList,
  EscalationRaise,
  severities,
  type EscalationInfo,
  type Severity,
} from '../../protocol/town';
import { InvalidValue, type CliCommand, type Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { GtContext } from './context';

interface RaiseOptions {
  severity: Severity;
  reason?: string;
  bead?: string;
}

export function addEscalate(program: CliCommand, context: GtContext): void {
  const escalate = program
    .command('escalate')
    .description('ask a person for help, and manage such requests')
    .argument('[text...]', 'what the problem is')
    .option('-s, --severity <severity>', severities.join(', '), parseSeverity, 'medium')
    .option('-r, --reason <text>', 'why, and what was tried')
    .option('--bead <id>', 'the bead that it concerns (default: the one on your hook)')
    .withHelp({
      text: 'The person responsible for the town is notified, more insistently the more severe it is. Agents use it when they cannot continue.',
      examples: [['gt escalate -s high "The tests need a database that is missing" --bead toy-a1b2c', 'ask for help']],
      see: ['gt attention', 'gt mail send --human'],
    })
    .action(async (words: string[], options: RaiseOptions, invocation: Invocation) => {
      const text = words.join(' ').trim();
      if (text === '')
        throw new UserError(
          'describe the problem',
          'gt escalate -s high "…"; "gt escalate list" lists open escalations',
        );
      const { severity, reason, bead } = options;
      const info = await context.call(invocation, EscalationRaise.spec, { text, severity, reason, bead });
      context.print(invocation, info, () => `✓ Escalated ${info.id} (${info.severity}): ${oneLine(info.title)}`);
    });
  addSubcommands(escalate, context);
  // The older name of the group still works.
  addSubcommands(program.command('escalation', { hidden: true }), context);
}

function addSubcommands(escalate: CliCommand, context: GtContext): void {
  addList(escalate, context);
  addShow(escalate, context);
  addAck(escalate, context);
  addClose(escalate, context);
}

function addList(escalate: CliCommand, context: GtContext): void {
  escalate
    .command('list')
    .description('list open escalations')
    .option('-a, --all', 'also closed ones')
    .withHelp({
      examples: [
        ['gt escalate list', 'open ones'],
        ['gt escalate list --all --json', 'all, for a program'],
      ],
      see: ['gt attention'],
    })
    .action(async (options: { all?: boolean }, invocation: Invocation) => {
      const list = await context.call(invocation, EscalationList.spec, { all: options.all });
      context.print(invocation, list, () => (list.length > 0 ? list.map(summaryLine) : 'No escalations'));
    });
}

function addShow(escalate: CliCommand, context: GtContext): void {
  escalate
    .command('show <escalation>')
    .description('show one escalation')
    .withHelp({ examples: [['gt escalate show hq-e1f2g', 'with all details']], see: ['gt escalate ack'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, EscalationGet.spec, { id });
      context.print(invocation, info, () => [
        summaryLine(info),
        `  ${info.createdAt}${info.ackedBy ? `, acknowledged by ${oneLine(info.ackedBy)}` : ''}`,
        ...(info.closedReason ? [`  closed: ${oneLine(info.closedReason)}`] : []),
        '',
        info.detail,
      ]);
    });
}

function addAck(escalate: CliCommand, context: GtContext): void {
  escalate
    .command('ack <escalation>')
    .description('acknowledge an escalation: you take care of it')
    .withHelp({
      text: 'It stays open, but no longer notifies.',
      examples: [['gt escalate ack hq-e1f2g', 'take care of it']],
      see: ['gt escalate close'],
    })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const info = await context.call(invocation, EscalationAck.spec, { id });
      context.print(invocation, info, () => `✓ Acknowledged ${info.id}`);
    });
}

function addClose(escalate: CliCommand, context: GtContext): void {
  escalate
    .command('close <escalation>')
    .description('close an escalation that is resolved')
    .option('-r, --reason <text>', 'how it was resolved')
    .withHelp({
      examples: [['gt escalate close hq-e1f2g -r "database is up"', 'it is resolved']],
      see: ['gt escalate ack'],
    })
    .action(async (id: string, { reason }: { reason?: string }, invocation: Invocation) => {
      await context.call(invocation, EscalationClose.spec, { id, reason });
      context.print(invocation, { closed: id }, () => `✓ Closed ${id}`);
    });
}

function parseSeverity(text: string): Severity {
  const found = severities.find((known) => known === text.toLowerCase());
  if (!found) throw new InvalidValue(`one of ${severities.join(', ')}`);
  return found;
}

function summaryLine(info: EscalationInfo): string {
  const mark = { open: '!', acked: '○', closed: '✓' }[info.state];
  const state = info.state === 'acked' ? 'acknowledged' : info.state;
  return oneLine(`${mark} ${info.id} (${info.severity}, ${state}) ${info.title}`);
}
