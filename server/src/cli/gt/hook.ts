import type { Command } from 'commander';
import { Hook } from '../../protocol/town';
import type { CliCommand } from '../shared/command';
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
    .action(async (agent: string | undefined, _options, command: Command) => {
      const hook = await context.call(command, Hook.spec, { agent });
      context.print(command, hook, () =>
        hook.bead
          ? [
              `${hook.agent}: ${hook.bead.id} ${hook.bead.title} (${hook.bead.status})`,
              `branch ${hook.branch}, attempt ${hook.attempt}`,
            ]
          : `${hook.agent}: nothing`,
      );
    });
}
