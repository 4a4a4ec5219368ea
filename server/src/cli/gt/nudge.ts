import { AgentNudge } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addNudge(program: CliCommand, context: GtContext): void {
  program
    .command('nudge')
    .description("type a line into an agent's session")
    .argument('<agent>')
    .argument('<message...>', 'what to type')
    .withHelp({
      text: 'The line waits until the agent can take it, and is never added to what a person is typing.',
      examples: [['gt nudge toy/rust "Mind the spaces in file names"', 'tell it something']],
      see: ['gt mail send', 'gt peek'],
    })
    .action(async (agent: string, words: string[], _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, AgentNudge.spec, { agent, message: words.join(' ') });
      context.print(invocation, result, () => `✓ Nudged ${result.agent}`);
    });
}
