import type { AgentInfo, AttentionInfo, BeadInfo, ConvoyInfo } from '../../../server/src/protocol/town';
import type { TownStore } from './townStore';

/** Queries that several views share. Pure. */

/** Agents with a running session. Without rules of the engine, which are code. */
export function activeAgents(store: TownStore): AgentInfo[] {
  return store.agents
    .all()
    .filter(
      (agent) =>
        agent.kind === 'agent' &&
        (agent.state === 'working' || agent.state === 'starting' || agent.state === 'waiting'),
    )
    .sort((a, b) => a.id.localeCompare(b.id));
}

/** The agent that works on a bead now. */
export function workerOf(store: TownStore, bead: BeadInfo): AgentInfo | undefined {
  const agents = store.agents.all().filter((agent) => agent.bead === bead.id);
  return agents.find((agent) => agent.session !== undefined) ?? agents.find((agent) => agent.id === bead.assignee);
}

/** The beads of a convoy in the store, in dependency order. */
export function beadsOf(store: TownStore, convoy: ConvoyInfo): BeadInfo[] {
  return convoy.beads.flatMap((id) => store.beads.get(id) ?? []);
}

/** Attention items, most urgent first: those that block an agent come before mere offers. */
export function sortedAttention(store: TownStore): AttentionInfo[] {
  const order = {
    problem: 0,
    consent: 1,
    escalation: 2,
    input: 3,
    gate: 4,
    mail: 5,
    plan: 6,
    review: 7,
    'fast-forward': 8,
  } as const;
  const severity = { critical: 0, high: 1, medium: 2, low: 3 } as const;
  const rank = (item: AttentionInfo): number => severity[item.severity ?? 'high'];
  // Acknowledged items stay in the list, below everything else.
  return store.attention
    .all()
    .sort(
      (a, b) =>
        Number(a.acked ?? false) - Number(b.acked ?? false) ||
        order[a.kind] - order[b.kind] ||
        rank(a) - rank(b) ||
        a.title.localeCompare(b.title),
    );
}

/** Attention items that are not acknowledged: their number is shown in badge and status bar. */
export function openAttention(store: TownStore): AttentionInfo[] {
  return sortedAttention(store).filter((item) => !item.acked);
}
