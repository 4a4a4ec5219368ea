import { UserError } from '../../base/errors';
import { Done, doneStatuses, type DoneResult, type DoneStatus } from '../../protocol/agent';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addDone(program: CliCommand, context: GtContext): void {
  program
    .command('done')
    .description('for agents: submit the work and end the session')
    .option('-m, --message <text>', 'a note for the reviewer; the reason for any other status')
    .option('--status <status>', `how it ends: ${doneStatuses.join(', ')}`, undefined, 'completed')
    .withHelp({
      text: [
        'completed: the work is committed. Others review, test and merge it; work that is rejected starts a new session.',
        'no-change: nothing has to change. If the rig reviews changes, the reason is reviewed; then the bead is closed.',
        'escalated: a person has to help. The bead waits until it is slung again.',
        'deferred: some work is left. The next session continues when a gate of the molecule opens, a step is closed by others, or the bead is slung again.',
      ].join('\n'),
      examples: [
        ['gt done -m "Login works; no test for Safari"', 'submit the work'],
        ['gt done --status no-change -m "It works as described"', 'end without a change'],
      ],
      exits: { 1: 'something is not committed, or there is nothing to submit' },
      see: ['gt handoff', 'bd close --continue'],
    })
    .action(async (options: { message?: string; status: string }, invocation: Invocation) => {
      const result = await context.call(invocation, Done.spec, {
        message: options.message,
        status: statusOf(options.status),
      });
      context.print(invocation, result, () => `✓ ${whatFollows(result)} This session ends.`);
    });
}

/** Parses a status; also accepts the upper case and the underscores of the Go `gt`. */
function statusOf(text: string): DoneStatus {
  const wanted = text.toLowerCase().replaceAll('_', '-');
  const status = doneStatuses.find((known) => known === wanted);
  if (status === undefined)
    throw new UserError(`invalid status ${JSON.stringify(text)}`, `Valid: ${doneStatuses.join(', ')}`, 'invalid');
  return status;
}

function whatFollows({ bead, status, mergeRequest }: DoneResult): string {
  switch (status) {
    case 'completed':
      return `${bead} is in the merge queue (${mergeRequest}).`;
    case 'no-change':
      return `${bead} ends without a change (${mergeRequest}).`;
    case 'escalated':
      return `${bead} waits for a person.`;
    case 'deferred':
      return `${bead} is deferred and will be continued later.`;
  }
}
