import { Done, Verify, Hook, Prime, ScriptGet } from './agent';
import { boardRequests } from './board';
import { LedgerSync } from './ledger';
import { crewRequests } from './crew';
import { historyRequests } from './history';
import { escalationRequests } from './escalation';
import { mailRequests } from './mail';
import { mayorRequests } from './mayor';
import { convoyRequests } from './convoy';
import { mergeQueueRequests } from './mergeQueue';
import { BoardWatch, TownGetSnapshot, type ConsentKind } from './snapshot';
import { request, type NoParams } from './request';
import { LONG_LIMIT_MS } from './timeLimit';
import { RigAdd, RigFastForward, RigFlakyGates, RigList, RigRemove, RigSet } from './rig';
import { AgentConfigList, AgentConfigRemove, AgentConfigSet, DefaultAgent } from './runtime';
import { SessionAttach, SessionDetach, SessionInput, SessionResize } from './session';
import {
  AgentNudge,
  AgentPeek,
  Handoff,
  PolecatNuke,
  PolecatRestore,
  SessionRestart,
  SessionStart,
  SnapshotList,
} from './supervision';

/** All messages about a town; each subject has a file of its own. */
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
  /** Starts the engine. */
  export const spec = request<NoParams, null>('gastown/town/up', 'person');
}

export namespace TownDown {
  /** Pauses the engine: nothing new starts; running agents continue. */
  export const spec = request<NoParams, null>('gastown/town/down', 'person');
}

export namespace TownStop {
  /** Ends the sessions of one agent, one rig or all. The work stays on their hooks; `all` also pauses the engine. */
  export const spec = request<{ agent?: string; rig?: string; all?: boolean }, { stopped: string[] }>(
    'gastown/town/stop',
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export namespace ConsentGive {
  export const spec = request<{ kind: ConsentKind; hash: string }, null>('gastown/consent/give', 'person');
}

export namespace ServerRetire {
  /**
   * Asks a server to end: a newer `build` takes over, or 0 to stop it. It answers, releases its resources and exits.
   */
  export const spec = request<{ build: number }, null>('gastown/server/retire', 'write', { transient: true });
}

/** Every request that needs a town. */
export const townRequests = [
  TownGetSnapshot.spec,
  BoardWatch.spec,
  TownUp.spec,
  TownDown.spec,
  TownStop.spec,
  ConsentGive.spec,
  ServerRetire.spec,
  RigAdd.spec,
  RigSet.spec,
  RigList.spec,
  RigFlakyGates.spec,
  RigRemove.spec,
  RigFastForward.spec,
  LedgerSync.spec,
  AgentConfigList.spec,
  AgentConfigSet.spec,
  AgentConfigRemove.spec,
  DefaultAgent.spec,
  ...convoyRequests,
  ...mergeQueueRequests,
  Prime.spec,
  Hook.spec,
  ScriptGet.spec,
  Done.spec,
  Verify.spec,
  AgentPeek.spec,
  AgentNudge.spec,
  Handoff.spec,
  SessionRestart.spec,
  SessionStart.spec,
  PolecatNuke.spec,
  SnapshotList.spec,
  PolecatRestore.spec,
  SessionAttach.spec,
  SessionDetach.spec,
  SessionInput.spec,
  SessionResize.spec,
  ...boardRequests,
  ...mailRequests,
  ...escalationRequests,
  ...mayorRequests,
  ...crewRequests,
  ...historyRequests,
] as const;
