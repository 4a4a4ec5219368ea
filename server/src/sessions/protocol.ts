import { notification, request, type NoParams, type WithDefaults } from '../protocol/request';
import type { SessionScreen } from '../protocol/town';

export const sessionSignals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGCONT'] as const;

export interface SessionExitInfo {
  /** Null if it was ended by a signal. */
  code: number | null;
  signal: string | null;
}

/** A session that runs, or has ended but was not dropped yet. Times are ISO strings. */
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
  /** True if no terminal library could be loaded: the program runs on pipes. */
  degraded: boolean;
}

export namespace HostStart {
  export interface Params {
    id: string;
    command: string;
    args: string[];
    cwd: string;
    /** The whole environment; only PWD and, if it is missing, TERM are added. */
    env: Record<string, string>;
    cols?: number;
    rows?: number;
    title?: string;
  }
  /** Starts a session. Fails with a UserError if the command or the folder does not exist, or the id is taken. */
  export const spec = request<Params, { pid: number; start: string }, WithDefaults<Params, 'cols' | 'rows'>>(
    'host/start',
    'write',
  );
}
export namespace HostList {
  export const spec = request<NoParams, SessionInfo[]>('host/list', 'read');
}
export namespace HostAttach {
  /** Attaches the connection to a session: it gets `HostOutput` from the next output on. */
  export const spec = request<{ id: string }, SessionScreen>('host/attach', 'read');
}
export namespace HostDetach {
  export const spec = request<{ id: string }, null>('host/detach', 'read');
}
export namespace HostInput {
  /**
   * Sends input. With `onlyAt` it is meant for the screen that `HostScreen` returned with that sequence: it fails with
   * a UserError `conflict` after further output, because it would answer something that the sender has not seen.
   * `byUser`: the input is from a user's keyboard.
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
  /** Sequence number of the last output on the screen. */
  sequence: number;
  /** Milliseconds since the last output; undefined if there was none. */
  quietMs?: number;
  /** Whether a user has typed a line that is not sent yet. Missing from hosts of an earlier build. */
  hasDraft?: boolean;
}
export namespace HostScreen {
  /** The visible screen as plain text, one line per row, without trailing blanks. */
  export const spec = request<{ id: string }, ScreenView>('host/screen', 'read');
}
export namespace HostLastOutput {
  /** The end of what a session has printed, as plain text; also after it was dropped, as long as its log is kept. */
  export const spec = request<{ id: string }, { text: string }>('host/last-output', 'read');
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
  /** Drops the record and the screen of an ended session. */
  export const spec = request<{ id: string }, null>('host/forget', 'write');
}
export namespace HostWatch {
  /** While `on`, the host restarts the town's server if its connection is lost. `script`: the bundled server. */
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
  /** Sent to every connection when a session ends. */
  export const spec = notification<{ id: string } & SessionExitInfo>('host/exit');
}
