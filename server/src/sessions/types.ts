import type { AgentRole } from '../town/layout';

/** A session as the rest of the server sees it. All times are milliseconds since 1970. */
export interface SessionView {
  id: string;
  agent: string;
  role: AgentRole;
  rig?: string;
  name: string;
  /** What it works on: the bead on its hook, or the merge request that it reviews. */
  bead?: string;
  startedAt: number;
  /** Undefined until it was checked, and while its session host is unreachable. */
  look?: { lastOutputAt: number; saidNothing: boolean };
  /** It waits for a person; goes on after "it ". */
  asks?: string;
  /** When its agent said `gt done`. */
  doneAt?: number;
  /** Undefined while it lives. */
  exit?: SessionExit;
}

export interface SessionExit {
  /** `exited` by itself, `killed` from outside (signal, lost host), `stopped` by a person, `ended` by the engine. */
  kind: 'exited' | 'killed' | 'stopped' | 'ended';
  code: number | null;
}

/** What a session is started for. */
export interface SessionRequest {
  /** Address; where it works follows from it. */
  agent: string;
  /** What it works on, see `SessionView`. */
  bead?: string;
  runtime: string;
  model?: string;
  attempt: number;
  /** A previous session of this agent on this bead ended; runtimes that can, resume. */
  resume: boolean;
}
