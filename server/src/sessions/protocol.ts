import { notification, request, type NoParams, type WithDefaults } from '../protocol/request';
import type { SessionScreen } from '../protocol/town';

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
  export interface Params {
    id: string;
    command: string;
    args: string[];
    cwd: string;
    /** The whole environment; nothing is added but PWD and, where it is missing, TERM. */
    env: Record<string, string>;
    cols?: number;
    rows?: number;
    title?: string;
  }
  /** Fails with a UserError where the command or the folder does not exist, or the id is taken. */
  export const spec = request<Params, { pid: number; start: string }, WithDefaults<Params, 'cols' | 'rows'>>(
    'host/start',
    'write',
  );
}
export namespace HostList {
  export const spec = request<NoParams, SessionInfo[]>('host/list', 'read');
}
export namespace HostAttach {
  /** From the next output on, the connection gets `HostOutput` of the session. */
  export const spec = request<{ id: string }, SessionScreen>('host/attach', 'read');
}
export namespace HostDetach {
  export const spec = request<{ id: string }, null>('host/detach', 'read');
}
export namespace HostInput {
  /**
   * With `onlyAt` it is input for the screen that `HostScreen` gave with that sequence: fails with a UserError `conflict`
   * where output has come since, because it would answer something that the sender has not seen. `byUser`: keys that a user
   * has pressed.
   */
  export const spec = request<{ id: string; data: string; onlyAt?: number; byUser?: boolean }, null>(
    'host/input',
    'write',
  );
}
export namespace HostResize {
  export const spec = request<{ id: string; cols: number; rows: number }, null>('host/resize', 'write');
}
export interface ScreenView {
  text: string;
  /** The output that it shows. */
  sequence: number;
  /** Milliseconds since the last output; Infinity does not exist in JSON, so undefined where there was none. */
  quietMs?: number;
  /** A user has typed a line that is not sent yet. A host of an earlier build does not say. */
  hasDraft?: boolean;
}
export namespace HostScreen {
  /** The visible screen as plain text, one line a row, without trailing blanks. */
  export const spec = request<{ id: string }, ScreenView>('host/screen', 'read');
}
export type SessionSignal = (typeof sessionSignals)[number];
export namespace HostKill {
  /** Signals the session's process group (default: SIGTERM). Does nothing to a session that ended. */
  export const spec = request<{ id: string; signal?: SessionSignal }, null, { id: string; signal: SessionSignal }>(
    'host/kill',
    'write',
  );
}
export namespace HostForget {
  /** Drops the record and the screen of a session that ended. */
  export const spec = request<{ id: string }, null>('host/forget', 'write');
}
export namespace HostWatch {
  /** While `on`, the host starts the town's server again if its connection is lost. `script`: the bundled server. */
  export const spec = request<{ on: boolean; script: string }, null>('host/watch', 'write');
}
export namespace HostShutdown {
  /** Ends every session and the host itself. */
  export const spec = request<NoParams, null>('host/shutdown', 'write');
}
export namespace HostOutput {
  export const spec = notification<{ id: string; sequence: number; data: string }>('host/output');
}
export namespace HostExit {
  /** Goes to every connection. */
  export const spec = notification<{ id: string } & SessionExitInfo>('host/exit');
}
