import type { ProcessIdentity } from '../../base/process';
import type { Connected } from '../../protocol/transport/streams';

/**
 * Where a session host runs, and with it the agents, their processes and their folders. Whoever uses sessions asks here: the
 * machine may be another one.
 */
export interface SessionProvider {
  /**
   * Streams to the session host, which is started when none answers.
   * @throws UserError `unavailable` when it cannot be started
   */
  openHost(): Promise<Connected>;
  /** Whether a session host runs, so that `openHost` would start none. */
  hasHost(): Promise<boolean>;
  /** Those of the processes that live, by pid. */
  aliveAmong(processes: readonly ProcessIdentity[]): Promise<ReadonlySet<number>>;
  /** Ends the process group of a session, and what it left running outside of it. */
  endSession(session: string, group: ProcessIdentity): Promise<void>;
  hasFolder(folder: string): Promise<boolean>;
}
