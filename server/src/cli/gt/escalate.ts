import { InvalidArgumentError, type Command } from 'commander';
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
import { oneLine } from '../shared/output';
import { print, withTown } from '../shared/connect';

export function addEscalateCommands(program: Command): void {
  const escalate = program
    .command('escalate')
    .description('call for a person, and see to what was called for')
    .argument('[text...]', 'what the matter is')
    .option('-s, --severity <severity>', severities.join(', '), severity, 'medium')
    .option('-r, --reason <text>', 'why, and what was tried')
    .option('--bead <id>', 'what it is about (default: the bead on your hook)')
    .action(
      async (words: string[], options: { severity: Severity; reason?: string; bead?: string }, command: Command) => {
        const text = words.join(' ').trim();
        if (text === '')
          throw new UserError(
            'say what the matter is',
            'gt escalate -s high "…"; "gt escalate list" shows what is open',
          );
        const info = await withTown(command, (town) =>
          town.call(EscalationRaise.spec, {
            text,
            severity: options.severity,
            reason: options.reason,
            bead: options.bead,
          }),
        );
        print(command, info, () => `✓ Escalated ${info.id} (${info.severity}): ${oneLine(info.title)}`);
      },
    );
  addActions(escalate);
  // The name that it had before; both do the same.
  addActions(program.command('escalation', { hidden: true }));
}

function addActions(parent: Command): void {
  parent
    .command('list')
    .description('open escalations')
    .option('-a, --all', 'with closed ones')
    .action(async (options: { all?: boolean }, command: Command) => {
      const list = await withTown(command, (town) => town.call(EscalationList.spec, { all: options.all }));
      print(command, list, () => (list.length > 0 ? list.map(line) : 'No escalations'));
    });
  parent
    .command('show <escalation>')
    .description('one escalation')
    .action(async (id: string, _options, command: Command) => {
      const info = await withTown(command, (town) => town.call(EscalationGet.spec, { id }));
      print(command, info, () => [
        line(info),
        `  ${info.createdAt}${info.ackedBy ? `, acked by ${oneLine(info.ackedBy)}` : ''}`,
        ...(info.closedReason ? [`  closed: ${oneLine(info.closedReason)}`] : []),
        '',
        info.detail,
      ]);
    });
  parent
    .command('ack <escalation>')
    .description('say that you look after it')
    .action(async (id: string, _options, command: Command) => {
      const info = await withTown(command, (town) => town.call(EscalationAck.spec, { id }));
      print(command, info, () => `✓ ${info.id} is yours`);
    });
  parent
    .command('close <escalation>')
    .description('say that it is seen to')
    .option('-r, --reason <text>', 'what was done about it')
    .action(async (id: string, _options, command: Command) => {
      // `gt escalate` has --reason too, and takes it where it stands before the words of this command.
      const { reason } = command.optsWithGlobals<{ reason?: string }>();
      await withTown(command, (town) => town.call(EscalationClose.spec, { id, reason }));
      print(command, { closed: id }, () => `✓ Closed ${id}`);
    });
}

function severity(text: string): Severity {
  const found = severities.find((known) => known === text.toLowerCase());
  if (!found) throw new InvalidArgumentError(`one of ${severities.join(', ')}`);
  return found;
}

function line(info: EscalationInfo): string {
  return oneLine(
    `${info.state === 'open' ? '!' : info.state === 'acked' ? '○' : '✓'} ${info.id} (${info.severity}, ${info.state}) ${info.title}`,
  );
}
