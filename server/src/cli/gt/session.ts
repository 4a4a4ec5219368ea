import { SessionRestart, SessionStart, TownStop } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { agentLine } from '../shared/townText';
import { listAgents } from './agents';
import type { GtContext } from './context';

export function addSession(program: CliCommand, context: GtContext): void {
  const session = program.command('session').description('sessions of agents');
  session
    .command('list')
    .description('list live sessions')
    .withHelp({ examples: [['gt session list', 'agents that have a terminal']], see: ['gt agents'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const live = (await listAgents(invocation, context)).filter((agent) => agent.session !== undefined);
      context.print(invocation, live, () =>
        live.length > 0 ? live.map((agent) => agentLine(agent)) : 'No live sessions',
      );
    });
  session
    .command('start <agent>')
    .description('resume an agent that was stopped')
    .withHelp({ examples: [['gt session start toy/rust', 'continue its work']], see: ['gt stop'] })
    .action(async (agent: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, SessionStart.spec, { agent });
      context.print(invocation, result, () => `✓ ${result.agent} resumes ${result.bead}`);
    });
  session
    .command('stop <agent>')
    .description("stop an agent's session; its work stays on its hook")
    .withHelp({ examples: [['gt session stop toy/rust', 'stop it for now']], see: ['gt session start'] })
    .action(async (agent: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, TownStop.spec, { agent });
      context.print(invocation, result, () => result.stopped.map((name) => `✓ Stopped ${name}`));
    });
  session
    .command('restart <agent>')
    .description("restart an agent's session; the new one continues where it stopped")
    .withHelp({
      examples: [['gt session restart toy/rust', 'for example when it hangs']],
      see: ['gt nudge', 'gt peek'],
    })
    .action(async (agent: string, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, SessionRestart.spec, { agent });
      context.print(invocation, result, () => `✓ Restarted ${result.agent}`);
    });
}
