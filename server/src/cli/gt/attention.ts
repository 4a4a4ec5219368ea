import { TownGetSnapshot, type AttentionInfo } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

/** Maximum number of lines of an item's details in the list. */
const MAX_DETAIL_LINES = 12;

export function addAttention(program: CliCommand, context: GtContext): void {
  program
    .command('attention')
    .description('list what needs your attention, each with its next step')
    .withHelp({
      text: 'Commands to accept, changes to review, questions of programs, escalations, mail and plans of the Mayor.',
      examples: [['gt attention', 'what waits for you']],
      see: ['gt accept', 'gt escalate', 'gt mq'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { attention } = await context.call(invocation, TownGetSnapshot.spec, { once: true });
      context.print(invocation, attention, () =>
        attention.length > 0 ? attention.flatMap(itemLines) : 'Nothing needs your attention',
      );
    });
}

function itemLines(item: AttentionInfo): string[] {
  const detail = item.detail
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, MAX_DETAIL_LINES);
  return [
    `${item.id} (${[item.kind, item.severity, item.acked ? 'acknowledged' : ''].filter(Boolean).join(', ')}) ${item.title}`,
    ...detail.map((line) => `    ${line}`),
    `    → ${nextStep(item)}`,
    '',
  ];
}

/** The commands that resolve an item. */
export function nextStep(item: AttentionInfo): string {
  switch (item.kind) {
    case 'consent':
      return `gt accept ${item.id}`;
    case 'escalation':
      return `${item.acked ? '' : `gt escalate ack ${item.id}; `}when it is resolved: gt escalate close ${item.id}`;
    case 'fast-forward':
      return `gt rig fast-forward ${item.rig}`;
    case 'input':
      return `gt attach ${item.agent}, or open its terminal in VS Code`;
    case 'gate':
      return `bd close ${item.gate}`;
    case 'review':
      return `gt mq status ${item.bead}, then: gt mq approve ${item.bead}, or gt mq reject ${item.bead} -m "…"`;
    case 'mail':
      return `gt mail read ${item.id}, then: gt mail reply ${item.id} -m "…", or gt mail ack ${item.id}`;
    case 'plan':
      return `gt convoy status ${item.convoy}, then: gt convoy launch ${item.convoy}`;
    case 'problem':
      return item.command ?? 'fix the file or folder that it names';
  }
}
