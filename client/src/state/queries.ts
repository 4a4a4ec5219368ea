import type { AgentInfo, AttentionInfo, BeadInfo, ConvoyInfo } from '../../../server/src/protocol/town';
import type { TownStore } from './townStore';

/** Questions to the store that several views ask. Pure. */

/** Agents that are at work in a terminal. Rules of the engine are code and do not count. */
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

/** Who works on a bead now. */
export function workerOf(store: TownStore, bead: BeadInfo): AgentInfo | undefined {
  const agents = store.agents.all().filter((agent) => agent.bead === bead.id);
  return agents.find((agent) => agent.session !== undefined) ?? agents.find((agent) => agent.id === bead.assignee);
}

/** Its tracked beads that the store knows, in dependency order. */
export function beadsOf(store: TownStore, convoy: ConvoyInfo): BeadInfo[] {
  return convoy.beads.flatMap((id) => store.beads.get(id) ?? []);
}

/** What needs a person first: an agent that cannot go on without consent comes before an offer. */
export function sortedAttention(store: TownStore): AttentionInfo[] {
  const order = {
    problem: 0,
    consent: 1,
    escalation: 2,
    input: 3,
    mail: 4,
    plan: 5,
    review: 6,
    'fast-forward': 7,
  } as const;
  const severity = { critical: 0, high: 1, medium: 2, low: 3 } as const;
  const rank = (item: AttentionInfo): number => severity[item.severity ?? 'high'];
  // What somebody looks after stays in sight, below all else.
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

/** The same without what somebody looks after: what is counted. */
export function openAttention(store: TownStore): AttentionInfo[] {
  return sortedAttention(store).filter((item) => !item.acked);
}
