import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addShutdown(program: CliCommand, context: GtContext): void {
  program
    .command('shutdown')
    .description('stop the server of the town; agents continue and it starts again when it is needed')
    .withHelp({
      examples: [['gt shutdown', 'for example before the files of a town are moved']],
      see: ['gt down', 'gt stop --all'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { shutdownServer } = await import('../shared/shutdownServer');
      const stopped = await shutdownServer(await context.townRoot(invocation), await context.hello(invocation));
      context.print(invocation, { stopped }, () => (stopped ? '✓ The server has stopped' : 'No server was running'));
    });
}
