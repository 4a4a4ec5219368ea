import type { TownService } from './townService';
import { UserError } from '../base/errors';
import { requeueRefused } from '../engine/mergeQueue/requeue';
import { releaseHeld, stopWork } from '../engine/dispatch/stop';
import {
  BoardWatch,
  ConsentGive,
  RigAdd,
  RigFastForward,
  RigFlakyGates,
  RigList,
  RigRemove,
  RigSet,
  ServerRetire,
  TownDown,
  TownGetSnapshot,
  TownStop,
  TownUp,
} from '../protocol/town';
import { BUILD } from '../protocol/transport';
import { reviewerNames } from '../rigs/setup';
import { isAgentReviewer } from '../engine/review/reviewers';
import { fullAddress, MAIN_REVIEWER } from '../town/layout';

export function registerTownHandlers(service: TownService): void {
  const { dispatcher, rigs } = service;
  dispatcher.on(TownGetSnapshot.spec, async ({ once, board }, context) => {
    await service.recheckDamages();
    return service.subscribe(context.connection, once, board);
  });
  dispatcher.on(BoardWatch.spec, async ({ board }, { connection = '' }) => service.feed.watch(connection, board));
  dispatcher.on(TownUp.spec, async (_params, context) => {
    await releaseHeld(service.engineContext, context.actor);
    await service.setUp(true, context.actor);
    return null;
  });
  dispatcher.on(TownDown.spec, async (_params, context) => {
    await service.setUp(false, context.actor);
    return null;
  });
  dispatcher.on(TownStop.spec, async (given, context) => {
    const params = { ...given, agent: given.agent === undefined ? undefined : fullAddress(given.agent) };
    if (!params.all && !params.rig && !params.agent)
      throw new UserError('name what to stop', 'an agent, a rig or everything');
    if (params.rig) rigs.require(params.rig);
    if (params.all) await service.setUp(false, context.actor);
    const stopped = await stopWork(service.engineContext, context.actor, params);
    if (params.agent && stopped.length === 0)
      throw new UserError(`${params.agent} has no session`, 'see "gt status"', 'not-found');
    return { stopped };
  });
  dispatcher.on(ConsentGive.spec, async ({ kind, hash }, context) => {
    const open = service.attention().some((item) => item.consent?.kind === kind && item.consent.hash === hash);
    if (!open) throw new UserError('what you were shown has changed meanwhile', 'look at it again', 'conflict');
    service.consentStore.accept(kind, hash, context.actor);
    service.changed();
    return null;
  });
  dispatcher.on(RigAdd.spec, (params, context) => rigs.add(params, context));
  dispatcher.on(RigSet.spec, async (params, context) => {
    for (const reviewer of reviewerNames(params.settings.reviewers ?? ''))
      if (isAgentReviewer(reviewer) && reviewer !== MAIN_REVIEWER) service.runtimes.require(reviewer);
    const info = await rigs.configure(params, context.actor);
    await requeueRefused(service.engineContext, params.name, context.actor);
    return info;
  });
  dispatcher.on(RigList.spec, async () => rigs.all().map((rig) => rigs.info(rig)));
  dispatcher.on(RigFlakyGates.spec, async ({ name }) => rigs.require(name).flakyGates());
  dispatcher.on(RigRemove.spec, ({ name }) => rigs.remove(name));
  dispatcher.on(RigFastForward.spec, async ({ name }) => ({ commits: await rigs.fastForward(name) }));
  dispatcher.on(ServerRetire.spec, async ({ build }, { kind }) => {
    // An agent's gt may come from a newer build: it replaces the server like any client.
    if (kind === 'agent' && build <= BUILD)
      throw new UserError('only a person may stop the server', undefined, 'refused');
    service.retire();
    return null;
  });
}
