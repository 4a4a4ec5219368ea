import { UserError } from '../../base/errors';
import { firstLine } from '../../base/text';
import { BusyError } from '../../sessions/typing';
import { sendMail } from '../mail/mail';
import { handOff, nuke, requirePolecat, snapshots, resumeWork } from './polecats';
import { restore } from './restore';
import { strandedConvoys } from '../convoys/stranded';
import { defaultNames } from '../../town/names';
import { rigOfBead } from '../state/workingSet';
import { fullAddress } from '../../town/layout';
import {
  AgentNudge,
  AgentPeek,
  ConvoyStranded,
  Handoff,
  PolecatNuke,
  PolecatRestore,
  SessionRestart,
  SessionStart,
  SnapshotList,
} from '../../protocol/town';
import type { BeadStore } from '../../beads/store';
import type { Dispatcher } from '../../protocol/dispatcher';
import type { Rigs } from '../../rigs/registry';
import type { SessionManager } from '../../sessions/manager';
import type { EngineContext } from '../loop/context';
import type { Engine } from '../loop/engine';
import type { WhyNots } from '../explain/whyNot';

export interface SupervisionTown {
  readonly dispatcher: Dispatcher;
  readonly engine: Pick<Engine, 'exclusive'>;
  readonly engineContext: EngineContext;
  readonly store: BeadStore;
  readonly sessions: SessionManager;
  readonly rigs: Pick<Rigs, 'all' | 'require'>;
  whyNots(): WhyNots;
  changed(): void;
}

/** Registers the handlers of requests about running agents. */
export function registerSupervisionHandlers(town: SupervisionTown): void {
  const { dispatcher, engineContext: context, rigs, sessions, store } = town;
  dispatcher.on(AgentPeek.spec, async ({ agent, lines }) => {
    const address = fullAddress(agent);
    const { text, ended } = await sessions.screen(address);
    return { agent: address, text: text.trimEnd().split('\n').slice(-lines).join('\n'), ended };
  });
  dispatcher.on(AgentNudge.spec, async ({ agent, message, force }, caller) => {
    if (force && caller.kind !== 'person') throw new UserError('only a user may force a nudge', undefined, 'refused');
    const address = fullAddress(agent);
    const record = sessions.liveOf(address);
    if (!record) throw new UserError(`${address} has no session`, 'see "gt agents"', 'not-found');
    if (!sessions.takesNudges(record.id))
      throw new UserError(`${address} runs ${record.runtime}, which does not read messages`, undefined, 'conflict');
    const delivery = await sessions.nudge(record.id, `[from ${caller.actor}] ${message}`, force).then(
      () => 'typed' as const,
      (error: unknown) => {
        if (error instanceof BusyError) return 'mailed' as const;
        throw error;
      },
    );
    await store.batch({ actor: caller.actor }, (tx) => {
      if (delivery === 'mailed')
        sendMail(tx, {
          from: caller.actor,
          to: address,
          subject: firstLine(message),
          body: message,
          priority: 'urgent',
        });
      tx.event({ type: 'nudged', bead: record.bead, agent: address, rig: record.rig, message: message.slice(0, 300) });
    });
    return { agent: address, delivery };
  });
  dispatcher.on(Handoff.spec, async (note, caller) => {
    const result = await handOff(context, caller, note);
    sessions.markDone(caller.agent!);
    return result;
  });
  dispatcher.on(SessionRestart.spec, async ({ agent }) => {
    const address = fullAddress(agent);
    if (!sessions.liveOf(address))
      throw new UserError(`${address} has no session`, `start one: "gt session start ${agent}"`, 'not-found');
    await sessions.endAgent(address, 'ended');
    town.changed();
    return { agent: address };
  });
  dispatcher.on(SessionStart.spec, async ({ agent }, caller) => resumeWork(context, caller, fullAddress(agent)));
  dispatcher.on(PolecatNuke.spec, async ({ agent, force }, caller) => {
    const result = await nuke(context, caller, fullAddress(agent), { force, engine: town.engine });
    town.changed();
    return result;
  });
  dispatcher.on(SnapshotList.spec, ({ rig, bead }) =>
    snapshots(rig === undefined ? rigs.all() : [rigs.require(rig)], bead),
  );
  dispatcher.on(PolecatRestore.spec, async ({ bead, snapshot }, caller) => {
    const id = store.resolve(bead);
    const known = store.get(id);
    const rig = rigs.require((known && rigOfBead(store, known)) ?? '');
    const pool = rig.settings.namepool.names ?? defaultNames;
    const result = await restore(context, caller, rig, { bead: id, label: snapshot, pool });
    town.changed();
    return { ...result, worktree: rig.layout.polecatWorktree(requirePolecat(result.agent).name) };
  });
  dispatcher.on(ConvoyStranded.spec, async () => strandedConvoys(store, town.whyNots()));
}
