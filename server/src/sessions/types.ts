import type { AgentRole } from '../town/layout';

/** A session, as the other parts of the server see it. All times are milliseconds since 1970. */
export interface SessionView {
  id: string;
  agent: string;
  role: AgentRole;
  rig?: string;
  name: string;
  /** Work of the session: the bead on its hook, or the merge request that it reviews. */
  bead?: string;
  startedAt: number;
  /** Undefined until the session was checked, and while its session host is unreachable. */
  look?: { lastOutputAt: number; saidNothing: boolean };
  /** Question that it waits for: a predicate to follow "it ". */
  asks?: string;
  /** When its agent ran `gt done`. */
  doneAt?: number;
  /** Undefined while the session is live. */
  exit?: SessionExit;
}

export interface SessionExit {
  /** `exited` on its own, `killed` from outside (signal, lost host), `stopped` by a person, `ended` by the engine. */
  kind: 'exited' | 'killed' | 'stopped' | 'ended';
  code: number | null;
}

/** Parameters of a session's start. */
export interface SessionRequest {
  /** Address of the agent, which determines its folder. */
  agent: string;
  /** Work of the session, see `SessionView`. */
  bead?: string;
  runtime: string;
  model?: string;
  attempt: number;
  /** A previous session of this agent on this bead ended; runtimes resume it if they can. */
  resume: boolean;
}
