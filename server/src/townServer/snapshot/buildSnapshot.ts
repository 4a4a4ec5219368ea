import path from 'node:path';
import type { BeadStore } from '../../beads/store';
import { escalations } from '../../engine/escalation/escalation';
import { inbox, isForPerson, mailInfo } from '../../engine/mail/mail';
import { MAYOR, openRequests, planOf, requestInfo } from '../../engine/mayor/mayor';
import { needsPerson } from '../../engine/mergeQueue/mergeRequests';
import { isStep, stepOf } from '../../engine/molecules/molecules';
import { CONVOY, MERGE_REQUEST, mergeOf, slingableTypes, trackedIds, workOf } from '../../engine/state/work';
import type { Projection } from '../../engine/state/projection';
import type { SessionView } from '../../engine/state/townView';
import { isHooked } from '../../engine/state/townView';
import type { AgentInfo, AttentionInfo, BeadInfo, ReviewMode, TownInfo } from '../../protocol/town';
import { polecatAddress } from '../../town/layout';
import { crewAddress, crewNames } from '../../rigs/crew';
import type { SnapshotContent } from './snapshotDiffer';
import type { Rigs } from '../../rigs/registry';
import type { Rig } from '../../rigs/rig';
import { commandsOf } from '../../town/config';

export interface SnapshotSources {
  town: TownInfo;
  store: BeadStore;
  projection: Projection;
  rigs: Rigs;
  sessions: SessionView[];
  /** What rules and agents do right now, by address. */
  activity: ReadonlyMap<string, string>;
  /** Runtime that a session runs. */
  runtimeOf(session: string): string | undefined;
  /** Scripts and runtimes that wait for a person's consent. */
  openConsents(): AttentionInfo[];
  reviewMode(rig: string): ReviewMode;
}

/** Everything that windows show of a town. Derived anew each time; nothing in it is state of its own. */
export function buildSnapshot(sources: SnapshotSources): SnapshotContent {
  const convoys = sources.projection.convoys();
  const beads = shownBeads(
    sources,
    convoys.flatMap((convoy) => convoy.beads),
  );
  const rigs = sources.rigs.all();
  return {
    town: [sources.town],
    rigs: rigs.map((rig) => sources.rigs.info(rig)),
    agents: [...townAgents(sources), ...rigs.flatMap((rig) => rigAgents(sources, rig))],
    convoys,
    beads,
    attention: attention(sources),
  };
}

/** Open beads of each rig that windows show besides those of convoys. */
const BACKLOG_LIMIT = 100;

function shownBeads(sources: SnapshotSources, tracked: readonly string[]): BeadInfo[] {
  const ids = new Set(tracked);
  for (const bead of sources.store.list({ status: ['hooked', 'in_progress', 'in_review', 'failed'], limit: 0 }))
    ids.add(bead.id);
  for (const rig of sources.rigs.all()) {
    for (const bead of sources.store.list({
      ledger: rig.name,
      status: ['open'],
      type: [...slingableTypes],
      withoutSteps: 'all',
      limit: BACKLOG_LIMIT,
    }))
      ids.add(bead.id);
  }
  return [...ids].flatMap((id) => {
    const bead = sources.store.get(id);
    return bead &&
      !['merge_request', 'convoy', 'escalation', 'message', 'molecule'].includes(bead.issue_type) &&
      !isStep(sources.store, bead)
      ? [sources.projection.beadInfo(bead)]
      : [];
  });
}

function rule(sources: SnapshotSources, id: string, role: AgentInfo['role'], rig: string | undefined): AgentInfo {
  const activity = sources.activity.get(id);
  return {
    id,
    role,
    rig,
    name: role,
    kind: 'rule',
    state: activity ? 'working' : sources.town.up ? 'idle' : 'off',
    activity,
  };
}

function townAgents(sources: SnapshotSources): AgentInfo[] {
  return [mayor(sources), rule(sources, 'deacon', 'deacon', undefined)];
}

/** Its process exists only while it is asked something, or a person has started it. */
function mayor(sources: SnapshotSources): AgentInfo {
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
    state: session ? 'working' : waiting && held < requests.length && sources.town.up ? 'starting' : 'off',
    activity: session ? asked && `planning: ${asked.title}` : waiting,
    session: session?.id,
    runtime: session && sources.runtimeOf(session.id),
    since: session && new Date(session.startedAt).toISOString(),
  };
}

function crewMember(sources: SnapshotSources, rig: Rig, name: string): AgentInfo {
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

function rigAgents(sources: SnapshotSources, rig: Rig): AgentInfo[] {
  const names = new Set(rig.worktrees().map((worktree) => worktree.name));
  for (const session of sources.sessions)
    if (session.role === 'polecat' && session.rig === rig.name) names.add(session.name);
  return [
    rule(sources, `${rig.name}/witness`, 'witness', rig.name),
    refinery(sources, rig),
    ...[...names].sort().map((name) => polecat(sources, rig, name)),
    ...crewNames(rig).map((name) => crewMember(sources, rig, name)),
  ];
}

/** A rule that merges; while a reviewer reads, it has a terminal too. */
function refinery(sources: SnapshotSources, rig: Rig): AgentInfo {
  const id = `${rig.name}/refinery`;
  const base = rule(sources, id, 'refinery', rig.name);
  const session = sources.sessions.find((candidate) => candidate.agent === id && !candidate.exit);
  const request = session?.bead === undefined ? undefined : sources.store.get(session.bead);
  const source = request && mergeOf(request)?.source;
  if (!session) return base;
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

function polecat(sources: SnapshotSources, rig: Rig, name: string): AgentInfo {
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
    activity: session?.asks ?? sources.activity.get(id),
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

function attention(sources: SnapshotSources): AttentionInfo[] {
  return [
    ...escalationItems(sources),
    ...inputs(sources),
    ...plans(sources),
    ...mails(sources),
    ...reviews(sources),
    ...sources.openConsents(),
    ...rigConsents(sources),
    ...fastForwards(sources),
  ];
}

function escalationItems(sources: SnapshotSources): AttentionInfo[] {
  return escalations(sources.store).map(({ id, title, detail, bead, rig, agent, severity, state }) => ({
    id,
    kind: 'escalation',
    title,
    detail,
    bead,
    rig,
    agent,
    severity,
    ...(state === 'acked' ? { acked: true } : {}),
  }));
}

/** What the Mayor has planned and nobody has launched yet. */
function plans(sources: SnapshotSources): AttentionInfo[] {
  return sources.store
    .list({ type: [CONVOY], ledger: 'hq', status: ['staged_ready', 'staged_warnings'], limit: 0 })
    .flatMap((convoy): AttentionInfo[] => {
      const plan = planOf(convoy);
      if (!plan) return [];
      const asked = sources.store.get(plan.request)?.title;
      const beads = trackedIds(convoy).length;
      return [
        {
          id: `plan-${convoy.id}`,
          kind: 'plan',
          convoy: convoy.id,
          title: `The Mayor has a plan: ${convoy.title}`,
          detail: [
            asked && `You asked: ${asked}`,
            plan.note,
            `${beads} ${beads === 1 ? 'bead is' : 'beads are'} staged in ${convoy.id}. Nothing starts before you launch it.`,
          ]
            .filter(Boolean)
            .join('\n\n'),
        },
      ];
    });
}

/** Agents whose programs wait for an answer: nobody types one blindly. */
function inputs(sources: SnapshotSources): AttentionInfo[] {
  return sources.sessions
    .filter((session) => !session.exit && session.asks !== undefined)
    .map((session) => ({
      id: `input-${session.id}`,
      kind: 'input',
      rig: session.rig,
      bead: session.role === 'polecat' ? session.bead : undefined,
      agent: session.agent,
      title: `${session.agent} waits for you: it ${session.asks}`,
      detail: `Its program ${session.asks}. Answer in its terminal; it goes on by itself then.`,
    }));
}

/** Unread mail to people: it does not matter to which of them, as long as somebody sees it. */
function mails(sources: SnapshotSources): AttentionInfo[] {
  return inbox(sources.store, { unread: true })
    .map(mailInfo)
    .filter((mail) => isForPerson(mail.to))
    .map((mail) => ({
      id: mail.id,
      kind: 'mail',
      title: `${mail.from}: ${mail.subject}`,
      detail: mail.body,
      from: mail.from,
    }));
}

function reviews(sources: SnapshotSources): AttentionInfo[] {
  return sources.store.list({ type: [MERGE_REQUEST], status: ['open'], limit: 0 }).flatMap((bead): AttentionInfo[] => {
    const request = mergeOf(bead);
    if (!request || !needsPerson(bead, request, sources.reviewMode(request.rig))) return [];
    const title = sources.store.get(request.source)?.title ?? bead.title;
    return [
      {
        id: `review-${bead.id}`,
        kind: 'review',
        rig: request.rig,
        bead: request.source,
        agent: request.worker,
        mergeRequest: bead.id,
        title: `${title}: waits for your review (${request.source})`,
        detail: [`${request.worker} has finished ${request.source} and asks for your review.`, request.note]
          .filter(Boolean)
          .join('\n\n'),
      },
    ];
  });
}

function rigConsents(sources: SnapshotSources): AttentionInfo[] {
  return sources.rigs
    .all()
    .filter((rig) => !sources.rigs.isAccepted(rig))
    .map((rig) => {
      const text = commandsOf(rig.settings)
        .map((gate) => `${gate.name}: ${gate.command}`)
        .join('\n');
      return {
        id: `consent-rig-${rig.name}`,
        kind: 'consent',
        rig: rig.name,
        title: `${rig.name}: its commands wait for your consent`,
        detail: `Before work in ${rig.name} can be merged, these commands run on every change:\n\n${text}`,
        consent: { kind: 'rig-commands', hash: sources.rigs.consentHash(rig), text },
      };
    });
}

function fastForwards(sources: SnapshotSources): AttentionInfo[] {
  return sources.rigs.all().flatMap((rig): AttentionInfo[] => {
    const state = sources.rigs.info(rig).fastForward;
    if (!state) return [];
    const commits = `${state.commits} ${state.commits === 1 ? 'commit' : 'commits'}`;
    return [
      {
        id: `fast-forward-${rig.name}`,
        kind: 'fast-forward',
        rig: rig.name,
        title: `${rig.name}: fast-forward ${rig.config.default_branch} (${commits})`,
        detail: `${commits} of merged work wait in ${rig.repository.landing} of ${rig.config.git_url}.${state.clean ? '' : ' The folder has uncommitted changes; commit or stash them first.'}`,
      },
    ];
  });
}
