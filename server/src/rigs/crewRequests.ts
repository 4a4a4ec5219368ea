import type { TownService } from '../townServer/townService';
import { UserError } from '../base/errors';
import type { Rig } from './rig';
import { CrewAdd, CrewList, CrewRemove, CrewStart, RigRemove, SHELL_RUNTIME, type CrewInfo } from '../protocol/town';
import { addMember, crewAddress, crewInfo, crewNames, removeMember, requireMember } from './crew';

export function registerCrewHandlers(service: TownService): void {
  const { dispatcher, rigs, sessions } = service;
  const infoOf = (rig: Rig, name: string): Promise<CrewInfo> =>
    crewInfo(rig, name, sessions.liveOf(crewAddress(rig.name, name)));
  dispatcher.on(CrewAdd.spec, async ({ rig: rigName, name, branch }, caller) => {
    const rig = rigs.require(rigName);
    await addMember(rig, name, branch);
    await service.store.batch({ actor: caller.actor }, (tx) =>
      tx.event({ type: 'crew_added', rig: rig.name, agent: crewAddress(rig.name, name) }),
    );
    service.changed();
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
      await service.interactive.start({
        agent,
        runtime: runtimeFor(service, rig.name, named),
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
    const result = await removeMember(service.layout, rig, name, force);
    // A record of an ended session would keep the name in sight.
    for (const session of sessions.all()) if (session.agent === agent) await sessions.forget(session.id);
    await service.store.batch({ actor: caller.actor }, (tx) =>
      tx.event({ type: 'crew_removed', rig: rig.name, agent, message: result.movedTo }),
    );
    service.changed();
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

function runtimeFor(service: TownService, rig: string, named: string | undefined): string {
  if (named === SHELL_RUNTIME) return named;
  const runtime = service.runtimes.require(named ?? service.runtimes.defaultFor(rig)).name;
  if (runtime === 'script')
    throw new UserError(
      'the script runtime runs beads, and a crew member has none',
      `name another runtime, or a plain shell: --agent ${SHELL_RUNTIME}`,
    );
  return runtime;
}
