import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

/** `gt runtime script` is the program of the runtime `script`: started by the server, not by people. */
export function addRuntime(program: CliCommand, context: GtContext): void {
  program
    .command('runtime', { hidden: true })
    .description('programs of built-in runtimes')
    .command('script')
    .description('run the blocks of the bead on your hook')
    .action(async (_options: unknown, invocation: Invocation) => {
      const { runScript } = await import('../../agents/script/run');
      context.exitCode = await context.withTown(invocation, (town) => runScript(town));
    });
}
