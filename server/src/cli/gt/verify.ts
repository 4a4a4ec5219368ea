import { Verify, type VerifyResult } from '../../protocol/agent';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addVerify(program: CliCommand, context: GtContext): void {
  program
    .command('verify')
    .description('for agents: run the gates on your commits')
    .withHelp({
      text: 'The server runs them, in a separate checkout. The merge queue reuses the results if the target has not moved since. A person has to allow it for a rig: "gt rig set <rig> pre_verified=true".',
      examples: [['gt verify', 'before gt done, which submits the work']],
      exits: { 1: 'a gate failed, something is not committed, or the rig does not allow it' },
      see: ['gt done', 'gt mq log'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, Verify.spec, {});
      context.print(invocation, result, () => lines(result));
      if (result.failed) context.exitCode = 1;
    });
}

function lines({ bead, commit, gates, failed }: VerifyResult): string[] {
  const what = `${bead} at ${commit.slice(0, 12)}`;
  if (failed) return [`✗ ${what}: the gate "${failed.gate}" ${failed.problem}`, '', failed.output];
  return [gates.length > 0 ? `✓ ${what} passes ${gates.join(', ')}` : `✓ ${what}: the rig has no gates`];
}
