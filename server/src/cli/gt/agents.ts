import { TownGetSnapshot, type AgentInfo } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import { agentLine } from '../shared/townText';
import type { GtContext } from './context';

export function addAgents(program: CliCommand, context: GtContext): void {
  program
    .command('agents')
    .description('list the agents and built-in roles of the town')
    .option('--all', 'also those that are off')
    .withHelp({
      examples: [
        ['gt agents', 'all that are running'],
        ['gt agents --all', 'also those that are off'],
      ],
      see: ['gt peek', 'gt status'],
    })
    .action(async ({ all }: { all?: boolean }, invocation: Invocation) => {
      const agents = (await listAgents(invocation, context)).filter((agent) => all || agent.state !== 'off');
      context.print(invocation, agents, () =>
        agents.length === 0 ? 'No agent sessions running.' : agents.map((agent) => agentLine(agent)),
      );
    });
}

export async function listAgents(invocation: Invocation, context: GtContext): Promise<AgentInfo[]> {
  return (await context.call(invocation, TownGetSnapshot.spec, { once: true })).agents;
}
