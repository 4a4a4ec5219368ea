import { z } from 'zod';
import { notification, request } from '../protocol/request';
import type { SessionScreen } from '../protocol/town';

/** Names a session and its output log: never a path. */
const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/, 'letters, digits, dots, dashes and underscores only');
const cols = z.number().int().min(2).max(1000);
const rows = z.number().int().min(1).max(1000);
export const sessionSignals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGCONT'] as const;

export interface SessionExitInfo {
  /** Null when a signal ended it. */
  code: number | null;
  signal: string | null;
}

/** A session that runs, or ended and was not forgotten yet. Times are ISO strings. */
export interface SessionInfo {
  id: string;
  title?: string;
  pid: number;
  /** Start mark of the process, see `ProcessIdentity`. */
  start: string;
  startedAt: string;
  exited?: SessionExitInfo & { at: string };
  lastOutputAt?: string;
  cols: number;
  rows: number;
  /** True where no terminal library could be loaded: the program runs on pipes. */
  degraded: boolean;
}

export namespace HostStart {
  /** Fails with a UserError where the command or the folder does not exist, or the id is taken. */
  export const spec = request<{ pid: number; start: string }>()(
    'host/start',
    z.object({
      id,
      command: z.string().min(1),
      args: z.array(z.string()),
      cwd: z.string().min(1),
      /** The whole environment; nothing is added but PWD and, where it is missing, TERM. */
      env: z.record(z.string(), z.string()),
      cols: cols.default(120),
      rows: rows.default(32),
      title: z.string().max(500).optional(),
    }),
    'write',
  );
}
export namespace HostList {
  export const spec = request<SessionInfo[]>()('host/list', z.object({}), 'read');
}
export namespace HostAttach {
  /** From the next output on, the connection gets `HostOutput` of the session. */
  export const spec = request<SessionScreen>()('host/attach', z.object({ id }), 'read');
}
export namespace HostDetach {
  export const spec = request<null>()('host/detach', z.object({ id }), 'read');
}
export namespace HostInput {
  /**
   * With `onlyAt` it is input for the screen that `HostScreen` gave with that sequence: fails with a UserError `conflict`
   * where output has come since, because it would answer something that the sender has not seen.
   */
  export const spec = request<null>()(
    'host/input',
    z.object({ id, data: z.string().max(1_000_000), onlyAt: z.number().int().optional() }),
    'write',
  );
}
export namespace HostResize {
  export const spec = request<null>()('host/resize', z.object({ id, cols, rows }), 'write');
}
export namespace HostScreen {
  /** The visible screen as plain text, one line a row, without trailing blanks; `sequence`: the output it shows. */
  export const spec = request<{ text: string; sequence: number }>()('host/screen', z.object({ id }), 'read');
}
export namespace HostKill {
  /** Signals the session's process group. Does nothing to a session that ended. */
  export const spec = request<null>()(
    'host/kill',
    z.object({ id, signal: z.enum(sessionSignals).default('SIGTERM') }),
    'write',
  );
}
export namespace HostForget {
  /** Drops the record and the screen of a session that ended. */
  export const spec = request<null>()('host/forget', z.object({ id }), 'write');
}
export namespace HostWatch {
  /** While `on`, the host starts the town's server again if its connection is lost. `script`: the bundled server. */
  export const spec = request<null>()(
    'host/watch',
    z.object({ on: z.boolean(), script: z.string().min(1).max(4096) }),
    'write',
  );
}
export namespace HostShutdown {
  /** Ends every session and the host itself. */
  export const spec = request<null>()('host/shutdown', z.object({}), 'write');
}
export namespace HostOutput {
  export const spec = notification<{ id: string; sequence: number; data: string }>('host/output');
}
export namespace HostExit {
  /** Goes to every connection. */
  export const spec = notification<{ id: string } & SessionExitInfo>('host/exit');
}
