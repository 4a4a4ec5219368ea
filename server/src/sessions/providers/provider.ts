import type { ProcessIdentity } from '../../base/process';
import type { Connected } from '../../protocol/transport/streams';

/**
 * Location of a session host, and with it of the agents, their processes and their folders. All access to these goes
 * through a provider, because it may be on another machine.
 */
export interface SessionProvider {
  /**
   * Streams to the session host, which is started if none answers.
   * @throws UserError `unavailable` if it cannot be started
   */
  openHost(): Promise<Connected>;
  /** Whether a session host runs, so that `openHost` would not start one. */
  hasHost(): Promise<boolean>;
  /** The processes that are alive, by pid. */
  aliveAmong(processes: readonly ProcessIdentity[]): Promise<ReadonlySet<number>>;
  /** Ends the process group of a session, and its processes outside of it. */
  endSession(session: string, group: ProcessIdentity): Promise<void>;
  hasFolder(folder: string): Promise<boolean>;
}
