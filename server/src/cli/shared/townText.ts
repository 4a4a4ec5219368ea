import type { AgentInfo, BeadInfo, ConvoyInfo, TownSnapshot } from '../../protocol/town';

/** `gt status` for people. */
export function statusText(snapshot: TownSnapshot): string[] {
  const town = snapshot.town[0]!;
  const lines = [
    `${town.name} (${town.root}): engine ${town.up ? 'up' : 'paused'}, default agent ${town.defaultAgent}`,
  ];
  for (const rig of snapshot.rigs) {
    const agents = snapshot.agents.filter((agent) => agent.rig === rig.id);
    const working = agents.filter((agent) => agent.role === 'polecat' && agent.state === 'working').length;
    lines.push(
      '',
      `${rig.id} [${rig.prefix}-] ← ${rig.source}, ${working} of ${rig.maxWorkers} workers busy${rig.accepted ? '' : ', commands not accepted'}`,
    );
    lines.push(
      ...agents
        .filter((agent) => agent.role === 'polecat' || agent.activity)
        .map((agent) => `  ${agentLine(agent, agent.name)}`),
    );
  }
  const convoys = snapshot.convoys.filter((convoy) => convoy.status !== 'closed');
  for (const convoy of convoys) lines.push('', ...convoyLines(convoy, snapshot.beads));
  if (snapshot.attention.length > 0)
    lines.push(
      '',
      'Needs a person:',
      ...snapshot.attention.map((item) => `  ! ${item.title}`),
      '  (gt attention says more)',
    );
  return lines;
}

/** @param name what it is called where its rig is known already */
export function agentLine(agent: AgentInfo, name = agent.id): string {
  const work =
    agent.activity ??
    (agent.bead
      ? `${agent.bead} ${agent.beadTitle ?? ''}${agent.step ? ` · ${agent.step.id} (${agent.step.index}/${agent.step.total})` : ''}`
      : '');
  return `${agent.state === 'working' ? '●' : '○'} ${name} ${agent.kind === 'rule' && agent.state !== 'working' ? 'rule' : agent.state} ${work}`.trimEnd();
}

export function convoyLines(convoy: ConvoyInfo, beads: readonly BeadInfo[]): string[] {
  const lines = [
    `${convoy.id} ${convoy.title} ${convoy.done}/${convoy.total}${convoy.status.startsWith('staged') ? ' (staged)' : convoy.status === 'closed' ? ' (landed)' : ''}`,
  ];
  for (const id of convoy.beads) {
    const bead = beads.find((candidate) => candidate.id === id);
    if (bead) lines.push(`  ${beadLine(bead)}`);
  }
  return lines;
}

const marks: Record<BeadInfo['phase'], string> = {
  waiting: '·',
  ready: '○',
  working: '●',
  reviewing: '◔',
  queued: '◐',
  merging: '◑',
  merged: '✓',
  closed: '✓',
  failed: '✗',
  deferred: '~',
};

export function beadLine(bead: BeadInfo): string {
  const notes = [
    bead.phase === 'waiting' ? `waits for ${bead.blockedBy.join(', ')}` : bead.phase,
    bead.assignee && !['merged', 'closed'].includes(bead.phase) ? bead.assignee : '',
    bead.attempt > 1 ? `attempt ${bead.attempt}` : '',
    bead.problem ?? '',
  ].filter(Boolean);
  return `${marks[bead.phase]} ${bead.id} ${bead.title} (${notes.join('; ')})`;
}
