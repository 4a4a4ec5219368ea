import { scriptBlocks } from '../../base/scriptBlocks';
import { UserError } from '../../base/errors';
import { requireConvoy } from '../convoys/convoys';
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
import type { CallContext } from '../../protocol/dispatcher';
import {
  MayorAnswer,
  MayorAsk,
  MayorPlan,
  MayorRuntime,
  MayorStart,
  MayorStatus,
  ScriptGet,
  TownUp,
  type FrozenScript,
  type MayorInfo,
} from '../../protocol/town';
import { townSettingsFile } from '../../town/config';
import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { Dispatcher } from '../../protocol/dispatcher';
import type { TownInfo } from '../../protocol/town';
import type { SessionManager } from '../../sessions/manager';
import type { TownLayout } from '../../town/layout';
import type { InteractiveSessions } from '../supervision/interactiveSessions';

export interface MayorTown {
  readonly dispatcher: Dispatcher;
  readonly layout: TownLayout;
  readonly store: BeadStore;
  readonly sessions: Pick<SessionManager, 'liveOf' | 'takesNudges' | 'nudge' | 'end'>;
  readonly runtimes: { readonly mayor: string; require(name: string): { name: string } };
  readonly interactive: Pick<InteractiveSessions, 'start' | 'mayorMayEnd'>;
  isRuntimeAccepted(name: string): boolean;
  isScriptAccepted(blocks: readonly string[]): boolean;
  acceptScriptOf(bead: Bead, by: string): void;
  info(): TownInfo;
  changed(): void;
}

export function registerMayorHandlers(town: MayorTown): void {
  const { dispatcher, store } = town;
  dispatcher.on(MayorAsk.spec, async ({ text, title }, caller) => {
    if (text.trim() === '') throw new UserError('describe what you want', 'gt mayor ask "…"');
    const bead = await store.batch({ actor: caller.actor }, (tx) => ask(tx, caller.actor, text, title));
    town.acceptScriptOf(bead, caller.actor);
    const live = town.sessions.liveOf(MAYOR);
    if (live && town.sessions.takesNudges(live.id)) {
      // Not awaited: the Mayor may be busy. `gt prime` shows the request, even if the nudge fails.
      void town.sessions
        .nudge(
          live.id,
          `There is a new request for you: ${bead.id}. Run "gt prime" when you are done with what you are doing.`,
        )
        .catch(() => undefined);
    }
    return { request: bead.id, up: town.info().up, live: live !== undefined };
  });
  dispatcher.on(MayorStart.spec, (_params, caller) => start(town, caller));
  dispatcher.on(MayorStatus.spec, async () => status(town));
  dispatcher.on(MayorPlan.spec, async ({ request, convoy, note }, caller) => {
    const result = await answerWithPlan(store, caller, request, requireConvoy({ store }, convoy), note);
    town.interactive.mayorMayEnd(caller);
    return result;
  });
  dispatcher.on(MayorAnswer.spec, async ({ request, message }, caller) => {
    const result = await answerInWords(store, caller, request, message);
    town.interactive.mayorMayEnd(caller);
    return result;
  });
  dispatcher.on(MayorRuntime.spec, async ({ name }) => {
    if (name) town.runtimes.require(name);
    if (name !== undefined) {
      townSettingsFile(town.layout).update((settings) => {
        settings.mayor = name || undefined;
      });
      town.changed();
    }
    return { name: town.runtimes.mayor };
  });
  // Starting the engine resumes what a person has stopped, including the Mayor.
  dispatcher.wrap(TownUp.spec, (next) => async (params, caller) => {
    await releaseMayor(store, caller.actor);
    return next(params, caller);
  });
  dispatcher.wrap(
    ScriptGet.spec,
    (next) => async (params, caller) => (caller.agent === MAYOR ? script(town) : next(params, caller)),
  );
}

async function start(town: MayorTown, caller: CallContext): Promise<{ live: boolean }> {
  const { sessions, store, runtimes } = town;
  const runtime = runtimes.require(runtimes.mayor).name;
  await releaseMayor(store, caller.actor);
  const live = sessions.liveOf(MAYOR);
  if (live && live.doneAt === undefined) return { live: true };
  // That session has finished and is about to be ended: start a new one.
  if (live) await sessions.end(live.id, 'ended');
  const [next] = pendingForMayor(store, runtime);
  if (runtime === 'script' && !next)
    throw new UserError('the Mayor has nothing to run', 'ask it for something: gt mayor ask "…"', 'conflict');
  await town.interactive.start({ agent: MAYOR, bead: next?.id, runtime, attempt: 1, resume: true });
  return { live: false };
}

function status(town: MayorTown): MayorInfo {
  const { store, runtimes } = town;
  return {
    session: town.sessions.liveOf(MAYOR)?.id,
    runtime: runtimes.mayor,
    needsConsent: !town.isRuntimeAccepted(runtimes.mayor),
    requests: openRequests(store).map(requestInfo),
    unreadMail: inbox(store, { addresses: [MAYOR], unread: true }).length,
  };
}

/** The blocks of the oldest request, written by a person through this town's own socket. */
function script(town: MayorTown): FrozenScript {
  const bead = pendingForMayor(town.store, 'script')[0];
  if (!bead) throw new UserError('there is no request to the Mayor', undefined, 'conflict');
  const blocks = scriptBlocks(bead.description ?? '');
  if (blocks.length === 0)
    throw new UserError(
      `${bead.id} has no script to run`,
      'the script runtime runs the ```sh blocks of the request; or set another runtime: gt config mayor <runtime>',
    );
  if (!town.isScriptAccepted(blocks))
    throw new UserError(`the script of ${bead.id} is not accepted`, 'ask again: gt mayor ask -F <file>', 'consent');
  // Always attempt 1: after a crash it resumes with the block that was running.
  return { bead: bead.id, title: bead.title, attempt: 1, blocks, submits: false };
}
