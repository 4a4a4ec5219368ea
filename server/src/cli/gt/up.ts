import { TownDown, TownUp } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

/** `gt up` and `gt down`: start and pause the engine. */

export function addUp(program: CliCommand, context: GtContext): void {
  program
    .command('up')
    .description('start the engine')
    .withHelp({
      text: 'The town stores this: after a restart of the machine the engine continues when the server runs.',
      examples: [['gt up', 'ready beads get agents, finished work is merged']],
      see: ['gt down', 'gt status'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      await context.call(invocation, TownUp.spec, {});
      context.print(invocation, { up: true }, () => '✓ The engine is running');
    });
}

export function addDown(program: CliCommand, context: GtContext): void {
  program
    .command('down')
    .description('pause the engine; running agents continue')
    .withHelp({ examples: [['gt down', 'start nothing new']], see: ['gt up', 'gt stop --all'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      await context.call(invocation, TownDown.spec, {});
      context.print(invocation, { up: false }, () => '✓ The engine is paused');
    });
}
