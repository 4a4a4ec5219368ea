import { AgentNudge } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addNudge(program: CliCommand, context: GtContext): void {
  program
    .command('nudge')
    .description("type a line into an agent's session")
    .argument('<agent>')
    .argument('<message...>', 'what to type')
    .option('-f, --force', 'type it at once, into whatever the terminal shows')
    .withHelp({
      text: 'The line waits some seconds until the agent is idle, and is never added to a line that somebody has begun to type there. If the agent stays busy, it gets the message as urgent mail. It is refused while the agent asks a question.',
      examples: [['gt nudge toy/rust "Mind the spaces in file names"', 'send it a message']],
      see: ['gt mail send', 'gt peek'],
    })
    .action(async (agent: string, words: string[], { force }: { force?: boolean }, invocation: Invocation) => {
      const result = await context.call(invocation, AgentNudge.spec, { agent, message: words.join(' '), force });
      context.print(invocation, result, () =>
        result.delivery === 'typed'
          ? `✓ Nudged ${result.agent}`
          : `✓ ${result.agent} is busy: the message is in its inbox`,
      );
    });
}
