import type { TownService } from '../../townServer/townService';
import { crewPrime } from '../../agents/primeCrew';
import { mayorPrime } from '../../agents/primeMayor';
import { scriptBlocks } from '../../agents/script/blocks';
import { UserError } from '../../base/errors';
import { requireConvoy } from '../convoys/convoys';
import { escalations } from '../escalation/escalation';
import { inbox } from '../mail/mail';
import {
  answerInWords,
  answerWithPlan,
  ask,
  MAYOR,
  openRequests,
  pendingForMayor,
  releaseMayor,
  requestInfo,
} from './mayor';
import { slingableTypes } from '../state/work';
import type { CallContext } from '../../protocol/dispatcher';
import {
  MayorAnswer,
  MayorAsk,
  MayorPlan,
  MayorRuntime,
  MayorStart,
  MayorStatus,
  Prime,
  ScriptGet,
  TownUp,
  type BeadInfo,
  type FrozenScript,
  type MayorInfo,
} from '../../protocol/town';
import { townSettingsFile } from '../../town/config';

const READY_LIMIT = 30;

export function registerMayorHandlers(service: TownService): void {
  const { dispatcher, store } = service;
  dispatcher.on(MayorAsk.spec, async ({ text, title }, caller) => {
    if (text.trim() === '') throw new UserError('say what you want', 'gt mayor ask "…"');
    const bead = await store.batch({ actor: caller.actor }, (tx) => ask(tx, caller.actor, text, title));
    service.acceptScriptOf(bead, caller.actor);
    const live = service.sessions.liveOf(MAYOR);
    if (live && service.sessions.takesNudges(live.id)) {
      // It is in the middle of something: what it has to do next is in its prime. Where it cannot be typed, the next session finds it.
      await service.sessions
        .nudge(
          live.id,
          `There is a new request for you: ${bead.id}. Run "gt prime" when you are done with what you are doing.`,
        )
        .catch(() => undefined);
    }
    return { request: bead.id, up: service.info().up, live: live !== undefined };
  });
  dispatcher.on(MayorStart.spec, (_params, caller) => start(service, caller));
  dispatcher.on(MayorStatus.spec, async () => status(service));
  dispatcher.on(MayorPlan.spec, async ({ request, convoy, note }, caller) => {
    const result = await answerWithPlan(store, caller, request, requireConvoy({ store }, convoy), note);
    service.interactive.mayorMayEnd(caller);
    return result;
  });
  dispatcher.on(MayorAnswer.spec, async ({ request, message }, caller) => {
    const result = await answerInWords(store, caller, request, message);
    service.interactive.mayorMayEnd(caller);
    return result;
  });
  dispatcher.on(MayorRuntime.spec, async ({ name }) => {
    if (name) service.runtimes.require(name);
    if (name !== undefined) {
      townSettingsFile(service.layout).update((settings) => {
        settings.mayor = name || undefined;
      });
      service.runtimes.forget();
      service.changed();
    }
    return { name: service.runtimes.mayor };
  });
  // Starting the engine lets go on what a person had stopped; the Mayor too.
  dispatcher.wrap(TownUp.spec, (next) => async (params, caller) => {
    await releaseMayor(store, caller.actor);
    return next(params, caller);
  });
  dispatcher.wrap(
    ScriptGet.spec,
    (next) => async (params, caller) => (caller.agent === MAYOR ? script(service) : next(params, caller)),
  );
  dispatcher.wrap(Prime.spec, (next) => async (params, caller) => {
    const seat = caller.agent === undefined ? undefined : service.layout.locationOf(caller.agent);
    if (seat?.role === 'mayor') return { text: primeOf(service) };
    if (seat?.role !== 'crew' || seat.rig === undefined) return next(params, caller);
    return {
      text: crewPrime({ agent: seat.agent, rig: seat.rig, town: service.info().name, ready: ready(service, seat.rig) }),
    };
  });
}

async function start(service: TownService, caller: CallContext): Promise<{ live: boolean }> {
  const { sessions, store, runtimes } = service;
  const runtime = runtimes.require(runtimes.mayor).name;
  await releaseMayor(store, caller.actor);
  const live = sessions.liveOf(MAYOR);
  if (live && live.doneAt === undefined) return { live: true };
  // It has had its say and is about to be ended: that one is no Mayor to talk to.
  if (live) await sessions.end(live.id, 'ended');
  const [next] = pendingForMayor(store, runtime);
  if (runtime === 'script' && !next)
    throw new UserError('the Mayor has nothing to run', 'ask it for something: gt mayor ask "…"', 'conflict');
  await service.interactive.start({ agent: MAYOR, bead: next?.id, runtime, attempt: 1, resume: true });
  return { live: false };
}

function status(service: TownService): MayorInfo {
  const { store, runtimes } = service;
  return {
    session: service.sessions.liveOf(MAYOR)?.id,
    runtime: runtimes.mayor,
    needsConsent: !service.isRuntimeAccepted(runtimes.mayor),
    requests: openRequests(store).map(requestInfo),
    unreadMail: inbox(store, { addresses: [MAYOR], unread: true }).length,
  };
}

/** The blocks of the oldest request, written by a person through this town's own socket. */
function script(service: TownService): FrozenScript {
  const bead = pendingForMayor(service.store, 'script')[0];
  if (!bead) throw new UserError('nobody has asked the Mayor for anything', undefined, 'conflict');
  const blocks = scriptBlocks(bead.description ?? '');
  if (blocks.length === 0)
    throw new UserError(
      `${bead.id} has no script to run`,
      'the script runtime runs the ```sh blocks of the request; or set another runtime: gt config mayor <runtime>',
    );
  if (!service.engineContext.isAccepted.script(blocks))
    throw new UserError(`nobody has accepted the script of ${bead.id}`, 'ask anew: gt mayor ask -F <file>', 'consent');
  // One attempt whatever happens: after a crash it goes on with the block that it was in.
  return { bead: bead.id, title: bead.title, attempt: 1, blocks, submits: false };
}

function primeOf(service: TownService): string {
  const { store } = service;
  const { agents, convoys, rigs } = service.snapshot();
  return mayorPrime({
    town: service.info().name,
    up: service.info().up,
    rigs,
    ready: ready(service),
    convoys: convoys.filter((convoy) => convoy.status !== 'closed'),
    agents,
    escalations: escalations(store),
    requests: openRequests(store),
    unreadMail: inbox(store, { addresses: [MAYOR], unread: true }).length,
  });
}

function ready(service: TownService, rig?: string): BeadInfo[] {
  const isRig = (ledger: string | undefined): boolean => ledger !== undefined && service.rigs.get(ledger) !== undefined;
  return service.store
    .ready({ ledger: rig, type: [...slingableTypes], limit: READY_LIMIT })
    .filter((bead) => isRig(service.store.ledgerOf(bead.id)))
    .map((bead) => service.projection.beadInfo(bead));
}
