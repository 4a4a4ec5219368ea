import { z } from 'zod';
import { name } from './names';
import { request } from './request';
import { CLONE_LIMIT_MS, LONG_LIMIT_MS } from './timeLimit';

/** Crew: workspaces of people, each a clone of its own, with an agent or a shell where the person wants one. */

export interface CrewInfo {
  rig: string;
  name: string;
  /** Address: `toy/crew/ann`. */
  agent: string;
  folder: string;
  branch?: string;
  /** Undefined where its folder cannot be read. */
  clean?: boolean;
  session?: string;
  runtime?: string;
}

/** Started for a person who wants no agent: their login shell. */
export const SHELL_RUNTIME = 'shell';

export namespace CrewAdd {
  export const spec = request<CrewInfo>()(
    'gastown/crew/add',
    z.object({ rig: name, name, branch: z.string().max(240).optional() }),
    'person',
    { timeLimitMs: CLONE_LIMIT_MS },
  );
}
export namespace CrewList {
  export const spec = request<CrewInfo[]>()('gastown/crew/list', z.object({ rig: name.optional() }), 'read');
}
export namespace CrewStart {
  /** @param runtime by default the rig's; `shell` for a login shell */
  export const spec = request<CrewInfo>()(
    'gastown/crew/start',
    z.object({ rig: name, name, runtime: name.optional() }),
    'person',
  );
}
export namespace CrewRemove {
  /** Moves the clone to `.runtime/removed/`. With work that is not pushed it is refused, unless forced. */
  export const spec = request<{ movedTo: string }>()(
    'gastown/crew/remove',
    z.object({ rig: name, name, force: z.boolean().default(false) }),
    'person',
    { timeLimitMs: LONG_LIMIT_MS },
  );
}

export const crewRequests = [CrewAdd.spec, CrewList.spec, CrewStart.spec, CrewRemove.spec] as const;
