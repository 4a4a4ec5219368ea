import { UserError } from '../base/errors';
import type { Rig } from './rig';
import { CrewAdd, CrewList, CrewRemove, CrewStart, RigRemove, SHELL_RUNTIME, type CrewInfo } from '../protocol/town';
import { addMember, crewAddress, crewInfo, crewNames, removeMember, requireMember } from './crew';
import type { RuntimeCatalogue } from '../agents/catalogue';
import type { BeadStore } from '../beads/store';
import type { Dispatcher } from '../protocol/dispatcher';
import type { SessionManager } from '../sessions/manager';
import type { SessionRequest } from '../sessions/types';
import type { TownLayout } from '../town/layout';
import type { Rigs } from './registry';

export interface CrewTown {
  readonly dispatcher: Dispatcher;
  readonly layout: TownLayout;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'all' | 'require'>;
  readonly runtimes: RuntimeCatalogue;
  readonly sessions: SessionManager;
  /** Starts a session on a person's request. */
  start(request: SessionRequest): Promise<void>;
  changed(): void;
}

export function registerCrewHandlers(town: CrewTown): void {
  const { dispatcher, rigs, sessions } = town;
  const infoOf = (rig: Rig, name: string): Promise<CrewInfo> =>
    crewInfo(rig, name, sessions.liveOf(crewAddress(rig.name, name)));
  dispatcher.on(CrewAdd.spec, async ({ rig: rigName, name, branch }, caller) => {
    const rig = rigs.require(rigName);
    await addMember(rig, name, branch);
    await town.store.batch({ actor: caller.actor }, (tx) =>
      tx.event({ type: 'crew_added', rig: rig.name, agent: crewAddress(rig.name, name) }),
    );
    town.changed();
    return infoOf(rig, name);
  });
  dispatcher.on(CrewList.spec, async ({ rig }) => {
    const chosen = rig === undefined ? rigs.all() : [rigs.require(rig)];
    return Promise.all(chosen.flatMap((one) => crewNames(one).map((name) => infoOf(one, name))));
  });
  dispatcher.on(CrewStart.spec, async ({ rig: rigName, name, runtime: named }) => {
    const rig = rigs.require(rigName);
    requireMember(rig, name);
    const agent = crewAddress(rig.name, name);
    if (!sessions.liveOf(agent))
      await town.start({
        agent,
        runtime: runtimeFor(town, rig.name, named),
        attempt: 1,
        resume: true,
      });
    return infoOf(rig, name);
  });
  dispatcher.on(CrewRemove.spec, async ({ rig: rigName, name, force }, caller) => {
    const rig = rigs.require(rigName);
    const agent = crewAddress(rig.name, name);
    if (sessions.liveOf(agent))
      throw new UserError(`${agent} has a session`, `end it first: gt crew stop ${name}`, 'conflict');
    const result = await removeMember(town.layout, rig, name, force);
    // The record of an ended session would keep the name listed.
    for (const session of sessions.all()) if (session.agent === agent) await sessions.forget(session.id);
    await town.store.batch({ actor: caller.actor }, (tx) =>
      tx.event({ type: 'crew_removed', rig: rig.name, agent, message: result.movedTo }),
    );
    town.changed();
    return result;
  });
  dispatcher.wrap(RigRemove.spec, (next) => async (params, caller) => {
    const live = sessions
      .all()
      .find((session) => session.role === 'crew' && session.rig === params.name && !session.exit);
    if (live) throw new UserError(`${live.agent} has a session`, `end it first: gt crew stop ${live.name}`, 'conflict');
    return next(params, caller);
  });
}

function runtimeFor(town: CrewTown, rig: string, named: string | undefined): string {
  if (named === SHELL_RUNTIME) return named;
  const runtime = town.runtimes.require(named ?? town.runtimes.defaultFor(rig)).name;
  if (runtime === 'script')
    throw new UserError(
      'the script runtime runs beads, and a crew member has none',
      `name another runtime, or a plain shell: --agent ${SHELL_RUNTIME}`,
    );
  return runtime;
}
