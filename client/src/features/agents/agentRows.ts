import { plural } from '../../../../server/src/base/text';
import type { AgentInfo, AgentState, RigInfo, StepInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { escapeLine, oneLine, paragraphs, timeText } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import type { Row, RowIcon, RowTarget } from '../../ui/tree/row';
import { rigTooltip, townTooltip } from '../rigs/rigTooltips';

/** The Agents tree: the town with its Mayor and deacon, then each rig with its roles and workers. Pure. */
export function agentRows(store: TownStore): Row[] {
  const { town } = store;
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
    children: sortedRows(agents.filter((agent) => agent.rig === undefined)),
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
  const active = agents.filter((agent) => agent.kind === 'agent' && agent.session !== undefined).length;
  const notes = [
    ...(active > 0 ? [l10n.t('{0} active', active)] : []),
    ...(rig.accepted ? [] : [l10n.t('commands need your approval')]),
    ...(rig.fastForward
      ? [l10n.t('{0} ready', plural(rig.fastForward.commits, l10n.t('commit'), l10n.t('commits')))]
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
    children: sortedRows(agents),
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

function sortedRows(agents: AgentInfo[]): Row[] {
  return agents.sort((a, b) => roleOrder[a.role] - roleOrder[b.role] || a.name.localeCompare(b.name)).map(agentRow);
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

/** @param hasBead an agent without a session but with a bead was stopped by a person */
function stateText(state: AgentState, hasBead: boolean): string {
  switch (state) {
    case 'off':
      return hasBead ? l10n.t('stopped') : l10n.t('off');
    case 'idle':
      return l10n.t('idle');
    case 'starting':
      return l10n.t('starting');
    case 'working':
      return l10n.t('working');
    case 'waiting':
      return l10n.t('waiting for you');
    case 'finished':
      return l10n.t('finished, waiting to be merged');
    case 'crashed':
      return l10n.t('crashed');
  }
}

/** Text of a step: `implement (3/6)`. */
export function stepText(step: StepInfo): string {
  return `${oneLine(step.id, 40)} (${step.index}/${step.total})`;
}

/** Text of an agent's state, bead, step and current activity, as far as known. */
export function agentState(agent: AgentInfo): string {
  const bead = agent.bead === undefined ? [] : [oneLine(agent.beadTitle ?? agent.bead, 60)];
  const step = agent.step === undefined ? [] : [stepText(agent.step)];
  const activity = agent.activity === undefined ? [] : [oneLine(agent.activity, 80)];
  // The activity of a rule is more informative than its state.
  const state = agent.kind === 'rule' && agent.activity ? [] : [stateText(agent.state, agent.bead !== undefined)];
  return [...state, ...bead, ...step, ...activity].join(' · ');
}

/** Name of an agent's terminal: `furiosa · toy-a1b2`, or with a step `furiosa · implement (3/6)`. */
export function terminalName(address: string, agent: AgentInfo | undefined): string {
  const name = agent?.name ?? address.split('/').pop() ?? address;
  if (agent?.bead && agent.step) return `${name} · ${stepText(agent.step)}`;
  return agent?.bead ? `${name} · ${agent.bead}` : name;
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

/** Markdown for the hover of a row. Pure. */
export function agentRowTooltip(store: TownStore, { kind, id }: RowTarget): string | undefined {
  const agent = kind === 'agent' ? store.agents.get(id) : undefined;
  if (agent) return agentTooltip(agent);
  const rig = kind === 'rig' ? store.rigs.get(id) : undefined;
  if (rig) return rigTooltip(rig);
  return kind === 'town' && store.town ? townTooltip(store.town) : undefined;
}

function agentTooltip(agent: AgentInfo): string {
  return paragraphs([
    `**${escapeLine(agent.id)}**`,
    escapeLine(agentState(agent), 400),
    agent.kind === 'rule' && l10n.t('Built-in automation (no model, no tokens)'),
    agent.bead && l10n.t('Bead: {0} {1}', escapeLine(agent.bead), escapeLine(agent.beadTitle ?? '')),
    agent.step && stepLine(agent.step),
    agent.runtime && l10n.t('Runtime: {0}', escapeLine(agent.runtime)),
    agent.since && l10n.t('Since {0}', timeText(agent.since)),
    agent.worktree && escapeLine(agent.worktree, 400),
  ]);
}

/** Markdown for a step: `Step 3 of 6: Implement`. */
export function stepLine(step: StepInfo): string {
  return l10n.t('Step {0} of {1}: {2}', step.index, step.total, escapeLine(step.title));
}
