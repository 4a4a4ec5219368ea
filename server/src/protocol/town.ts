import { z } from 'zod';
import { Done, Hook, Prime, ScriptGet } from './agent';
import { boardRequests } from './board';
import { crewRequests } from './crew';
import { escalationRequests } from './escalation';
import { mailRequests } from './mail';
import { mayorRequests } from './mayor';
import { ConvoyAdd, ConvoyCreate, ConvoyGet, ConvoyLaunch, ConvoyList, Sling } from './convoy';
import { MqApprove, MqChange, MqFile, MqGet, MqList, MqReject, MqRetry } from './mergeQueue';
import { name } from './names';
import { TownGetSnapshot } from './snapshot';
import { request } from './request';
import { LONG_LIMIT_MS } from './timeLimit';
import { RigAdd, RigFastForward, RigList, RigRemove, RigSet } from './rig';
import { AgentConfigList, AgentConfigRemove, AgentConfigSet, DefaultAgent } from './runtime';
import { SessionAttach, SessionDetach, SessionInput, SessionResize } from './session';
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
} from './supervision';

/** All that is said of a town; each namespace has a file of its own. */
export * from './agent';
export * from './board';
export * from './convoy';
export * from './crew';
export * from './escalation';
export * from './mail';
export * from './mayor';
export * from './mergeQueue';
export * from './snapshot';
export * from './rig';
export * from './runtime';
export * from './session';
export * from './supervision';

export namespace TownUp {
  export const spec = request<null>()('gastown/town/up', z.object({}), 'person');
}

export namespace TownDown {
  /** Pauses the engine: nothing new starts; running agents work on. */
  export const spec = request<null>()('gastown/town/down', z.object({}), 'person');
}

export namespace TownStop {
  /** Ends sessions: of one agent, one rig or all. Their work stays on their hooks; with `all` the engine goes down too. */
  export const spec = request<{ stopped: string[] }>()(
    'gastown/town/stop',
    z.object({ agent: name.optional(), rig: name.optional(), all: z.boolean().optional() }),
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace ConsentGive {
  export const spec = request<null>()(
    'gastown/consent/give',
    z.object({ kind: z.enum(['rig-commands', 'script', 'runtime']), hash: z.string() }),
    'person',
  );
}

/** Every request that needs a town. */
export const townRequests = [
  TownGetSnapshot.spec,
  TownUp.spec,
  TownDown.spec,
  TownStop.spec,
  ConsentGive.spec,
  RigAdd.spec,
  RigSet.spec,
  RigList.spec,
  RigRemove.spec,
  RigFastForward.spec,
  AgentConfigList.spec,
  AgentConfigSet.spec,
  AgentConfigRemove.spec,
  DefaultAgent.spec,
  ConvoyCreate.spec,
  ConvoyAdd.spec,
  ConvoyList.spec,
  ConvoyGet.spec,
  ConvoyLaunch.spec,
  Sling.spec,
  MqList.spec,
  MqGet.spec,
  MqApprove.spec,
  MqReject.spec,
  MqRetry.spec,
  MqChange.spec,
  MqFile.spec,
  Prime.spec,
  Hook.spec,
  ScriptGet.spec,
  Done.spec,
  AgentPeek.spec,
  AgentNudge.spec,
  Handoff.spec,
  SessionRestart.spec,
  SessionStart.spec,
  PolecatNuke.spec,
  SnapshotList.spec,
  PolecatRestore.spec,
  ConvoyStranded.spec,
  SessionAttach.spec,
  SessionDetach.spec,
  SessionInput.spec,
  SessionResize.spec,
  ...boardRequests,
  ...mailRequests,
  ...escalationRequests,
  ...mayorRequests,
  ...crewRequests,
] as const;
