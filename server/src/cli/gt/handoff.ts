import { Handoff } from '../../protocol/supervision';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addHandoff(program: CliCommand, context: GtContext): void {
  program
    .command('handoff')
    .description('for agents: end this session and continue the work in a new one')
    .option('-s, --subject <text>', 'what it is about')
    .option('-m, --message <text>', 'what the next session needs to know')
    .withHelp({
      examples: [['gt handoff -s "Half done" -m "The parser is left"', 'continue with an empty context']],
      see: ['gt done', 'gt prime'],
    })
    .action(async (options: { subject?: string; message?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, Handoff.spec, options);
      context.print(invocation, result, () => `✓ Handed off ${result.bead}. This session ends.`);
    });
}
