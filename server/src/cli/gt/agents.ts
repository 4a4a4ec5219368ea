import type { Command } from 'commander';
import { TownGetSnapshot, type AgentInfo } from '../../protocol/town';
import type { CliCommand } from '../shared/command';
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
    .action(async ({ all }: { all?: boolean }, command: Command) => {
      const agents = (await listAgents(command, context)).filter((agent) => all || agent.state !== 'off');
      context.print(command, agents, () => agents.map((agent) => agentLine(agent)));
    });
}

export async function listAgents(command: Command, context: GtContext): Promise<AgentInfo[]> {
  return (await context.call(command, TownGetSnapshot.spec, { once: true })).agents;
}
