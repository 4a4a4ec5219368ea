import { TownStop } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addStop(program: CliCommand, context: GtContext): void {
  program
    .command('stop [agent]')
    .description('stop sessions of agents; their work stays on their hooks')
    .option('--all', 'all sessions, and pause the engine')
    .option('--rig <name>', 'the sessions of one rig')
    .withHelp({
      text: 'The engine does not start these agents again until you do.',
      examples: [
        ['gt stop toy/rust', 'one agent'],
        ['gt stop --rig toy', 'all agents of a rig'],
        ['gt stop --all', 'all agents, and pause the engine'],
      ],
      see: ['gt session start', 'gt down'],
    })
    .action(async (agent: string | undefined, options: { all?: boolean; rig?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, TownStop.spec, { agent, rig: options.rig, all: options.all });
      context.print(invocation, result, () =>
        result.stopped.length > 0 ? result.stopped.map((name) => `✓ Stopped ${name}`) : 'No session was running',
      );
    });
}
