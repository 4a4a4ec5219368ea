import type { AgentInfo } from '../../../../../server/src/protocol/town';
import { stepText } from '../agentRows';

/** `furiosa · toy-a1b2`, or with a step `furiosa · implement (3/6)` */
export function terminalName(address: string, agent: AgentInfo | undefined): string {
  const name = agent?.name ?? address.split('/').pop() ?? address;
  if (agent?.bead && agent.step) return `${name} · ${stepText(agent.step)}`;
  return agent?.bead ? `${name} · ${agent.bead}` : name;
}
