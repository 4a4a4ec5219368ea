import { Hook } from '../../protocol/agent';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addHook(program: CliCommand, context: GtContext): void {
  program
    .command('hook [agent]')
    .description("show what is on an agent's hook")
    .withHelp({
      examples: [
        ['gt hook', 'your own'],
        ['gt hook toy/rust', "another agent's"],
      ],
      see: ['gt prime', 'gt sling'],
    })
    .action(async (agent: string | undefined, _options: unknown, invocation: Invocation) => {
      const hook = await context.call(invocation, Hook.spec, { agent });
      context.print(invocation, hook, () =>
        hook.bead
          ? [
              `${hook.agent}: ${hook.bead.id} ${hook.bead.title} (${hook.bead.status})`,
              `branch ${hook.branch}, attempt ${hook.attempt}`,
            ]
          : `${hook.agent}: nothing`,
      );
    });
}
