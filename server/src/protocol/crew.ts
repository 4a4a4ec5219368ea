import { request, type WithDefaults } from './request';
import { CLONE_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

/** Crew: workspaces of people, each a clone of its own, with an agent or a shell on request. */

export interface CrewInfo {
  rig: string;
  name: string;
  /** Address: `toy/crew/ann`. */
  agent: string;
  folder: string;
  branch?: string;
  /** Undefined if its folder cannot be read. */
  clean?: boolean;
  session?: string;
  runtime?: string;
}

/** The runtime of a person who wants no agent: their login shell. */
export const SHELL_RUNTIME = 'shell';

/** Names a crew member. */
export interface MemberParams {
  rig: string;
  name: string;
}

export namespace CrewAdd {
  export interface Params extends MemberParams {
    branch?: string;
  }
  export const spec = request<Params, CrewInfo>('gastown/crew/add', 'person', { timeLimitMs: CLONE_LIMIT_MS });
}

export namespace CrewList {
  export const spec = request<{ rig?: string }, CrewInfo[]>('gastown/crew/list', 'read');
}

export namespace CrewStart {
  export interface Params extends MemberParams {
    /** The runtime; by default the rig's, `shell` for a login shell. */
    runtime?: string;
  }
  export const spec = request<Params, CrewInfo>('gastown/crew/start', 'person');
}

export namespace CrewRemove {
  export interface Params extends MemberParams {
    /** Remove the member even if it has work that is not pushed. */
    force?: boolean;
  }
  /** Removes a crew member: moves its clone to `.runtime/removed/`. */
  export const spec = request<Params, { movedTo: string }, WithDefaults<Params, 'force'>>(
    'gastown/crew/remove',
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export const crewRequests = [CrewAdd.spec, CrewList.spec, CrewStart.spec, CrewRemove.spec] as const;
