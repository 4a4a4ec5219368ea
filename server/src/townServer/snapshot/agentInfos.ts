import path from 'node:path';
import type { BeadStore } from '../../beads/store';
import type { Activities } from '../../engine/loop/activities';
import { MAYOR, openRequests, requestInfo } from '../../engine/mayor/mayor';
import { stepOf } from '../../engine/molecules/molecules';
import { isHooked } from '../../engine/state/townView';
import { mergeOf, workOf } from '../../engine/state/work';
import type { AgentInfo } from '../../protocol/town';
import { crewAddress, crewNames } from '../../rigs/crew';
import type { Rig } from '../../rigs/rig';
import type { SessionView } from '../../sessions/types';
import { polecatAddress } from '../../town/layout';

export interface AgentSources {
  store: BeadStore;
  rigs: readonly Rig[];
  sessions: readonly SessionView[];
  /** Whether the engine is up. */
  up: boolean;
  /** Current activities of rules and agents. */
  activity: Pick<Activities, 'of'>;
  /** Runtime of a session. */
  runtimeOf(session: string): string | undefined;
}

/** All agents of a town, rules included: those of the town, then those of each rig. */
export function agentInfos(sources: AgentSources): AgentInfo[] {
  return [...townAgents(sources), ...sources.rigs.flatMap((rig) => rigAgents(sources, rig))];
}

function rule(sources: AgentSources, id: string, role: AgentInfo['role'], rig: string | undefined): AgentInfo {
  const activity = sources.activity.of(id);
  return {
    id,
    role,
    rig,
    name: role,
    kind: 'rule',
    state: activity ? 'working' : sources.up ? 'idle' : 'off',
    activity,
  };
}

function townAgents(sources: AgentSources): AgentInfo[] {
  return [mayor(sources), rule(sources, 'deacon', 'deacon', undefined)];
}

/** The Mayor. Its process exists only while it has requests, or after a person has started it. */
function mayor(sources: AgentSources): AgentInfo {
  const session = sources.sessions.find((candidate) => candidate.role === 'mayor' && !candidate.exit);
  const requests = openRequests(sources.store);
  const held = requests.filter((bead) => requestInfo(bead).held).length;
  const asked = requests.find((bead) => bead.id === session?.bead);
  const waiting =
    requests.length === 0
      ? undefined
      : `${requests.length} ${requests.length === 1 ? 'request' : 'requests'}${held > 0 ? `, ${held} held` : ''}`;
  return {
    id: MAYOR,
    role: 'mayor',
    name: MAYOR,
    kind: 'agent',
    state: session ? 'working' : waiting && held < requests.length && sources.up ? 'starting' : 'off',
    activity: session ? asked && `planning: ${asked.title}` : waiting,
    session: session?.id,
    runtime: session && sources.runtimeOf(session.id),
    since: session && new Date(session.startedAt).toISOString(),
  };
}

function crewMember(sources: AgentSources, rig: Rig, name: string): AgentInfo {
  const id = crewAddress(rig.name, name);
  const session = sources.sessions.find((candidate) => candidate.agent === id && !candidate.exit);
  return {
    id,
    role: 'crew',
    rig: rig.name,
    name,
    kind: 'agent',
    state: session ? 'working' : 'off',
    session: session?.id,
    runtime: session && sources.runtimeOf(session.id),
    worktree: path.join(rig.layout.crewMember(name), 'rig'),
    since: session && new Date(session.startedAt).toISOString(),
  };
}

function rigAgents(sources: AgentSources, rig: Rig): AgentInfo[] {
  const names = new Set(rig.worktrees().map((worktree) => worktree.name));
  for (const session of sources.sessions)
    if (session.role === 'polecat' && session.rig === rig.name) names.add(session.name);
  return [
    rule(sources, `${rig.name}/witness`, 'witness', rig.name),
    refinery(sources, rig),
    ...otherReviewers(sources, rig),
    ...[...names].sort().map((name) => polecat(sources, rig, name)),
    ...crewNames(rig).map((name) => crewMember(sources, rig, name)),
  ];
}

/** The refinery: a rule that merges; during a review it has a terminal, too. */
function refinery(sources: AgentSources, rig: Rig): AgentInfo {
  const id = `${rig.name}/refinery`;
  const base = rule(sources, id, 'refinery', rig.name);
  const session = sources.sessions.find((candidate) => candidate.agent === id && !candidate.exit);
  return session ? reviewing(sources, base, session) : base;
}

/** Further reviewers of a rig, each shown during its review. */
function otherReviewers(sources: AgentSources, rig: Rig): AgentInfo[] {
  return sources.sessions
    .filter(({ agent, exit }) => !exit && agent.startsWith(`${rig.name}/refinery/`))
    .sort((a, b) => a.agent.localeCompare(b.agent))
    .map((session) => {
      const base = rule(sources, session.agent, 'refinery', rig.name);
      return reviewing(sources, { ...base, name: session.name }, session);
    });
}

function reviewing(sources: AgentSources, base: AgentInfo, session: SessionView): AgentInfo {
  const request = session.bead === undefined ? undefined : sources.store.get(session.bead);
  const source = request && mergeOf(request)?.source;
  return {
    ...base,
    kind: 'agent',
    state: session.asks === undefined ? 'working' : 'waiting',
    activity: session.asks ?? base.activity ?? (source && `reviewing ${source}`),
    session: session.id,
    bead: source,
    beadTitle: source && sources.store.get(source)?.title,
    runtime: sources.runtimeOf(session.id),
    since: new Date(session.startedAt).toISOString(),
  };
}

function polecat(sources: AgentSources, rig: Rig, name: string): AgentInfo {
  const id = polecatAddress(rig.name, name);
  const session = sources.sessions
    .filter((candidate) => candidate.agent === id)
    .sort((a, b) => b.startedAt - a.startedAt)[0];
  const bead = session?.bead ?? rig.assignment(name)?.bead;
  const known = bead === undefined ? undefined : sources.store.get(bead);
  return {
    id,
    role: 'polecat',
    rig: rig.name,
    name,
    kind: 'agent',
    state: polecatState(session, known ? { status: known.status, held: workOf(known).held ?? false } : undefined),
    activity: session?.asks ?? sources.activity.of(id),
    step: (known && stepOf(sources.store, known)) ?? rig.step(name),
    bead,
    beadTitle: known?.title,
    runtime: session && sources.runtimeOf(session.id),
    session: session && !session.exit ? session.id : undefined,
    worktree: rig.layout.polecatWorktree(name),
    since: session && new Date(session.startedAt).toISOString(),
  };
}

function polecatState(
  session: SessionView | undefined,
  bead: { status: string; held: boolean } | undefined,
): AgentInfo['state'] {
  if (session && !session.exit) return session.asks === undefined ? 'working' : 'waiting';
  if (!bead) return 'idle';
  if (bead.held) return 'off';
  if (isHooked(bead)) return session?.exit ? 'crashed' : 'starting';
  return bead.status === 'failed' ? 'crashed' : 'finished';
}
