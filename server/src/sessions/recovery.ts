import { messageOf } from '../base/errors';
import { Disposable, toDisposable } from '../base/lifecycle';
import type { SessionHostClient } from './hostClient';
import { processOf } from './monitor';
import type { SessionExitInfo } from './protocol';
import type { SessionProvider } from './providers/provider';
import type { SessionRecord, SessionRecords } from './records';
import type { SessionExit } from './types';

/** A process of the session host. */
interface Hosted {
  pid: number;
  start: string;
  exited?: SessionExitInfo;
}

/** Polling interval for the processes of a host that we cannot talk to. */
const LOOK_MS = 2_000;

/** Exit codes above this one mean that a shell's child was ended by a signal. */
const SIGNAL_EXIT = 128;

/** Dependencies of the recovery. */
export interface RecoveredSessions {
  provider: SessionProvider;
  records: SessionRecords;
  /** Records without an exit. */
  living(): SessionRecord[];
  client(): Promise<SessionHostClient>;
  /** Whether a host answers, and reports exits itself. */
  isConnected(): boolean;
  markExited(record: SessionRecord, exit: SessionExit): Promise<void>;
  end(session: string, by: 'stopped' | 'ended'): Promise<void>;
  log: { error(text: string): void };
}

/** Determines what happened to sessions while no server ran. */
export class SessionRecovery extends Disposable {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sessions: RecoveredSessions) {
    super();
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  /** Compares the records with the live processes. @returns whether a session host reported these */
  async run(): Promise<boolean> {
    const hosted = await this.hosted();
    if (!hosted) {
      await this.checkProcesses();
      return false;
    }
    for (const record of this.sessions.records.all()) {
      if (!record.exit) await this.recoverOne(record, hosted.get(record.id));
    }
    for (const [id, session] of hosted) if (!this.sessions.records.get(id)) await this.endUnknown(id, session);
    return true;
  }

  /** The sessions of the host; undefined if one runs that this server cannot talk to. */
  private async hosted(): Promise<ReadonlyMap<string, Hosted> | undefined> {
    if (!(await this.sessions.provider.hasHost())) return new Map();
    try {
      return new Map((await (await this.sessions.client()).list()).map((session) => [session.id, session]));
    } catch (error) {
      this.sessions.log.error(`sessions are monitored by process id only: ${messageOf(error)}`);
      return undefined;
    }
  }

  private async recoverOne(record: SessionRecord, session: Hosted | undefined): Promise<void> {
    if (!session) return this.sessions.markExited(record, { kind: record.stopping ?? 'killed', code: null });
    const known = { ...record, pid: session.pid, start: session.start };
    if (session.exited) return this.sessions.markExited(known, exitOf(record, session.exited));
    this.sessions.records.save(known);
    // The last server was killed while it ended this one: its token is already revoked, so it must not continue.
    if (record.stopping) await this.sessions.end(record.id, record.stopping);
  }

  /** Ends an unknown session, whose record was removed or never written. */
  private async endUnknown(id: string, session: Hosted): Promise<void> {
    if (!session.exited) await this.sessions.provider.endSession(id, { pid: session.pid, start: session.start });
    await this.sessions
      .client()
      .then((client) => client.forgetEnded(id))
      .catch((error: unknown) => this.sessions.log.error(`forgetting ${id}: ${messageOf(error)}`));
  }

  /**
   * Monitors recorded processes if the host cannot be reached, such as one of another version after an update: sessions
   * can still be stopped, and their ends are noticed.
   */
  private async checkProcesses(): Promise<void> {
    const living = this.sessions.living();
    const alive = await this.sessions.provider.aliveAmong(living.flatMap(processOf));
    for (const record of living) {
      if (record.pid === undefined || !alive.has(record.pid))
        await this.sessions.markExited(record, { kind: record.stopping ?? 'killed', code: null });
      else if (record.stopping) await this.sessions.end(record.id, record.stopping);
    }
    if (this.isDisposed || this.sessions.isConnected() || !this.sessions.records.all().some((record) => !record.exit))
      return;
    this.timer = setTimeout(() => {
      this.checkProcesses().catch((error: unknown) =>
        this.sessions.log.error(`looking at processes: ${messageOf(error)}`),
      );
    }, LOOK_MS);
  }
}

/** Interprets the exit that a host reports. */
export function exitOf(record: SessionRecord, exit: SessionExitInfo): SessionExit {
  if (record.stopping) return { kind: record.stopping, code: exit.code };
  const killed = exit.signal !== null || (exit.code !== null && exit.code > SIGNAL_EXIT);
  return { kind: killed ? 'killed' : 'exited', code: exit.code };
}
