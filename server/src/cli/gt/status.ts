import { TownGetSnapshot, type TownSnapshot } from '../../protocol/snapshot';
import type { CliCommand, Invocation } from '../shared/command';
import { agentLine, convoyLines } from '../shared/townText';
import type { GtContext } from './context';

export function addStatus(program: CliCommand, context: GtContext): void {
  program
    .command('status')
    .description('show the state of the town: rigs, agents, open convoys')
    .withHelp({
      examples: [
        ['gt status', 'rigs, agents, open convoys and what needs your attention'],
        ['gt status --json', 'everything, for a program'],
      ],
      see: ['gt attention', 'gt agents', 'gt convoy list'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const snapshot = await context.call(invocation, TownGetSnapshot.spec, { once: true });
      context.print(invocation, snapshot, () => statusLines(snapshot));
    });
}

function statusLines(snapshot: TownSnapshot): string[] {
  const town = snapshot.town[0]!;
  const convoys = snapshot.convoys.filter((convoy) => convoy.status !== 'closed');
  return [
    `${town.name} (${town.root}): engine ${town.up ? 'running' : 'paused'}, default agent ${town.defaultAgent}`,
    ...snapshot.rigs.flatMap((rig) => ['', ...rigLines(rig, snapshot)]),
    ...convoys.flatMap((convoy) => ['', ...convoyLines(convoy, snapshot.beads)]),
    ...attentionLines(snapshot),
  ];
}

function rigLines(rig: TownSnapshot['rigs'][number], snapshot: TownSnapshot): string[] {
  const agents = snapshot.agents.filter((agent) => agent.rig === rig.id);
  const working = agents.filter((agent) => agent.role === 'polecat' && agent.state === 'working').length;
  const consent = rig.accepted ? '' : ', commands not accepted';
  return [
    `${rig.id} [${rig.prefix}-] ← ${rig.source}, ${working} of ${rig.maxWorkers} workers busy${consent}`,
    ...agents
      .filter((agent) => agent.role === 'polecat' || agent.activity)
      .map((agent) => `  ${agentLine(agent, agent.name)}`),
  ];
}

function attentionLines({ attention }: TownSnapshot): string[] {
  if (attention.length === 0) return [];
  return ['', 'Needs your attention:', ...attention.map((item) => `  ! ${item.title}`), '  (details: gt attention)'];
}
