import type { AgentInfo, AgentState, RigInfo, StepInfo } from '../../../../server/src/protocol/town';
import { plural } from '../../../../server/src/base/text';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import type { Row, RowIcon } from '../../ui/tree/row';

/** The Agents tree: the town with its mayor and deacon, then each rig with its roles and workers. Pure. */
export function agentRows(store: TownStore): Row[] {
  const town = store.town;
  if (!town) return [];
  const agents = store.agents.all();
  const state = town.up ? l10n.t('engine running') : l10n.t('engine paused');
  const townRow: Row = {
    id: 'town',
    label: oneLine(town.name),
    description: state,
    icon: town.up ? { id: 'home', color: 'charts.green' } : { id: 'home' },
    context: `town.${town.up ? 'up' : 'down'}`,
    aria: l10n.t('Town {0}, {1}', oneLine(town.name), state),
    open: true,
    target: { kind: 'town', id: 'town' },
    children: agents
      .filter((agent) => agent.rig === undefined)
      .sort(byRole)
      .map(agentRow),
  };
  const rigs = store.rigs.all().sort((a, b) => a.id.localeCompare(b.id));
  return [
    townRow,
    ...rigs.map((rig) =>
      rigRow(
        rig,
        agents.filter((agent) => agent.rig === rig.id),
      ),
    ),
  ];
}

function rigRow(rig: RigInfo, agents: AgentInfo[]): Row {
  const busy = agents.filter((agent) => agent.kind === 'agent' && agent.session !== undefined).length;
  const notes = [
    ...(busy > 0 ? [l10n.t('{0} at work', busy)] : []),
    ...(rig.accepted ? [] : [l10n.t('commands wait for consent')]),
    ...(rig.fastForward
      ? [plural(rig.fastForward.commits, l10n.t('commit to take over'), l10n.t('commits to take over'))]
      : []),
  ];
  return {
    id: `rig:${rig.id}`,
    label: rig.id,
    description: notes.join(' · '),
    icon: rig.accepted ? { id: 'repo' } : { id: 'shield', color: 'list.warningForeground' },
    context: ['rig', rig.accepted ? 'accepted' : 'unaccepted', ...(rig.fastForward ? ['behind'] : [])].join('.'),
    aria: [l10n.t('Rig {0}', rig.id), ...notes].join(', '),
    open: true,
    target: { kind: 'rig', id: rig.id },
    children: agents.sort(byRole).map(agentRow),
  };
}

const roleOrder: Record<AgentInfo['role'], number> = {
  mayor: 0,
  deacon: 1,
  witness: 2,
  refinery: 3,
  polecat: 4,
  crew: 5,
};

function byRole(a: AgentInfo, b: AgentInfo): number {
  return roleOrder[a.role] - roleOrder[b.role] || a.name.localeCompare(b.name);
}

export const roleIcons: Record<AgentInfo['role'], string> = {
  mayor: 'organization',
  deacon: 'pulse',
  witness: 'eye',
  refinery: 'git-merge',
  polecat: 'robot',
  crew: 'person',
};

function agentIcon(agent: AgentInfo): RowIcon {
  const id = roleIcons[agent.role];
  switch (agent.state) {
    case 'working':
      return { id, color: 'charts.green' };
    case 'waiting':
      return { id: 'question', color: 'list.warningForeground' };
    case 'starting':
      return { id: 'loading~spin', color: 'charts.green' };
    case 'crashed':
      return { id, color: 'list.errorForeground' };
    case 'finished':
      return { id, color: 'charts.purple' };
    case 'idle':
      return { id };
    case 'off':
      return { id, color: 'disabledForeground' };
  }
}

export function stateWord(state: AgentState, stopped = false): string {
  switch (state) {
    case 'off':
      return stopped ? l10n.t('stopped') : l10n.t('off');
    case 'idle':
      return l10n.t('idle');
    case 'starting':
      return l10n.t('starting');
    case 'working':
      return l10n.t('working');
    case 'waiting':
      return l10n.t('waits for you');
    case 'finished':
      return l10n.t('finished, waits for its merge');
    case 'crashed':
      return l10n.t('crashed');
  }
}

/** `implement (3/6)` */
export function stepText(step: StepInfo): string {
  return `${oneLine(step.id, 40)} (${step.index}/${step.total})`;
}

/** State, bead, step and what it does right now, as far as they are known. */
export function agentState(agent: AgentInfo): string {
  const bead = agent.bead === undefined ? [] : [oneLine(agent.beadTitle ?? agent.bead, 60)];
  const step = agent.step === undefined ? [] : [stepText(agent.step)];
  const activity = agent.activity === undefined ? [] : [oneLine(agent.activity, 80)];
  return [
    ...(agent.kind === 'rule' && agent.activity ? [] : [stateWord(agent.state, agent.bead !== undefined)]),
    ...bead,
    ...step,
    ...activity,
  ].join(' · ');
}

function agentRow(agent: AgentInfo): Row {
  const state = agentState(agent);
  return {
    id: `agent:${agent.id}`,
    label: agent.name,
    description: state,
    icon: agentIcon(agent),
    context: [
      'agent',
      agent.kind,
      agent.state,
      ...(['mayor', 'crew', 'polecat'].includes(agent.role) ? [agent.role] : []),
      ...(agent.session ? ['live'] : []),
      ...(agent.bead ? ['hooked'] : []),
    ].join('.'),
    aria: l10n.t('Agent {0}, {1}, {2}', agent.name, agent.role, state),
    target: { kind: 'agent', id: agent.id },
    click: 'gastown.openTerminal',
    children: [],
  };
}
