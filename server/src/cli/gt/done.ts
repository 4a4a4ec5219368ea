import { Done } from '../../protocol/agent';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addDone(program: CliCommand, context: GtContext): void {
  program
    .command('done')
    .description('for agents: submit the work and end the session')
    .option('-m, --message <text>', 'a note for the reviewer')
    .withHelp({
      text: 'The work must be committed. Others review, test and merge it; work that is rejected starts a new session.',
      examples: [['gt done -m "Login works; no test for Safari"', 'submit the work']],
      exits: { 1: 'something is not committed, or there is nothing to submit' },
      see: ['gt handoff', 'bd close --continue'],
    })
    .action(async (options: { message?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, Done.spec, { message: options.message });
      context.print(
        invocation,
        result,
        () => `✓ ${result.bead} is in the merge queue (${result.mergeRequest}). This session ends.`,
      );
    });
}
