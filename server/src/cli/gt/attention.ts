import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import { TownGetSnapshot, type AttentionInfo } from '../../protocol/town';
import { acceptOne, withAcceptOptions, type AcceptOptions } from './accept';
import { print, withTown } from '../shared/connect';

export function addAttentionCommands(program: Command): void {
  program
    .command('attention')
    .description('what needs a person, and what to do about it')
    .action(async (_options, command: Command) => {
      const { attention } = await withTown(command, (town) => town.call(TownGetSnapshot.spec, { once: true }));
      print(command, attention, () => (attention.length > 0 ? attention.flatMap(attentionLines) : 'Nothing needs you'));
    });
  withAcceptOptions(
    program
      .command('accept <attention>')
      .description("show what waits for consent (a rig's commands, a runtime, a script), and accept it"),
  ).action(async (id: string, options: AcceptOptions, command: Command) => {
    await acceptOne(command, options, async (town) => {
      const item = (await town.call(TownGetSnapshot.spec, { once: true })).attention.find(
        (candidate) => candidate.id === id,
      );
      if (!item) throw new UserError(`nothing called ${id} needs you`, 'see "gt attention"', 'not-found');
      if (!item.consent) throw new UserError(`there is nothing to accept in ${id}`, whatToDo(item), 'invalid');
      return item;
    });
  });
}

function attentionLines(item: AttentionInfo): string[] {
  const detail = item.detail
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 12);
  return [
    `${item.id} (${[item.kind, item.severity, item.acked ? 'acked' : ''].filter(Boolean).join(', ')}) ${item.title}`,
    ...detail.map((line) => `    ${line}`),
    `    → ${whatToDo(item)}`,
    '',
  ];
}

function whatToDo(item: AttentionInfo): string {
  switch (item.kind) {
    case 'consent':
      return `gt accept ${item.id}`;
    case 'escalation':
      return `${item.acked ? '' : `gt escalate ack ${item.id}; `}see to it, then: gt escalate close ${item.id}`;
    case 'fast-forward':
      return `gt rig fast-forward ${item.rig}`;
    case 'input':
      return `gt attach ${item.agent}, or open its terminal in VS Code`;
    case 'review':
      return `gt mq status ${item.bead}, then: gt mq approve ${item.bead}, or gt mq reject ${item.bead} -m "…"`;
    case 'mail':
      return `gt mail read ${item.id}, then: gt mail reply ${item.id} -m "…", or gt mail ack ${item.id}`;
    case 'plan':
      return `gt convoy status ${item.convoy}, then: gt convoy launch ${item.convoy}`;
    case 'problem':
      return 'mend the file or folder that it names';
  }
}
