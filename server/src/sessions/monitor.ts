import { Disposable, toDisposable } from '../base/lifecycle';
import { messageOf } from '../base/errors';
import type { ProcessIdentity } from '../base/process';
import type { SessionProvider } from './providers/provider';
import type { SessionInfo } from './protocol';
import type { SessionRecord } from './records';

/** Observed state of a live session. */
export interface ScreenState {
  /** Milliseconds since 1970 of its last output. */
  lastOutputAt: number;
  /** Whether it has had no output since its start. */
  saidNothing: boolean;
  /** Question that it waits for: a predicate such as "asks for a permission", shown after "it ". */
  asks?: string;
}

export interface MonitoredSessions extends Pick<SessionProvider, 'aliveAmong' | 'hasFolder'> {
  living(): SessionRecord[];
  /** Undefined while no session host can be reached. */
  list(): Promise<SessionInfo[] | undefined>;
  screen(session: string): Promise<string>;
  /** What the screen of this session asks the user, if anything. */
  asks(record: SessionRecord, screen: string): string | undefined;
  folderOf(record: SessionRecord): string | undefined;
  /** Records that a session has ended although its record is still open. */
  markExited(record: SessionRecord): Promise<void>;
  onChange(): void;
  log: { error(text: string): void };
}

const LOOK_MS = 4_000;
/** Time without output after which a screen may show a question. */
const STILL_MS = 3_000;

/**
 * Checks the live sessions every few seconds: time of the last output, questions to a person, and whether process and
 * folder still exist. Idle without live sessions.
 */
export class SessionMonitor extends Disposable {
  private readonly looks = new Map<string, ScreenState & { screenAt: number; reported: string | undefined }>();
  private readonly suspects = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly sessions: MonitoredSessions) {
    super();
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  of(session: string): ScreenState | undefined {
    return this.looks.get(session);
  }

  /** Call when a session starts; it continues while one is live. */
  begin(): void {
    if (this.isDisposed || this.timer) return;
    this.timer = setTimeout(() => void this.tick(), LOOK_MS);
  }

  private async tick(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.sessions.log.error(`looking at sessions: ${messageOf(error)}`);
    }
    this.timer = undefined;
    if (this.sessions.living().length > 0) this.begin();
    else this.looks.clear();
  }

  /** Checks all sessions once. */
  async look(now = Date.now()): Promise<void> {
    const list = await this.sessions.list();
    if (!list) return;
    const hosted = new Map(list.map((info) => [info.id, info]));
    const living = this.sessions.living();
    const alive = await this.sessions.aliveAmong(living.flatMap(processOf));
    let changed = false;
    for (const record of living) {
      const info = hosted.get(record.id);
      if (await this.isStale(record, info, alive)) await this.recordMissing(record.id);
      else {
        this.suspects.delete(record.id);
        // One session that cannot be checked must not stop the check of the others.
        if (info && (await this.lookAt(record, info, now).catch(() => false))) changed = true;
      }
    }
    for (const id of [...this.looks.keys()]) if (!hosted.has(id)) this.looks.delete(id);
    if (changed) this.sessions.onChange();
  }

  /** Only at the second check: the host's own report of the end, which has the exit code, may be on its way. */
  private async recordMissing(id: string): Promise<void> {
    if (!this.suspects.delete(id)) {
      this.suspects.add(id);
      return;
    }
    const current = this.sessions.living().find((record) => record.id === id);
    if (current) await this.sessions.markExited(current);
  }

  /**
   * Whether the process or the folder of a session is gone unnoticed. A session that has just been started has no
   * process yet.
   */
  private async isStale(
    record: SessionRecord,
    info: SessionInfo | undefined,
    alive: ReadonlySet<number>,
  ): Promise<boolean> {
    if (record.pid === undefined || record.start === undefined) return false;
    const folder = this.sessions.folderOf(record);
    const isThere = info !== undefined && !info.exited && alive.has(record.pid);
    return !isThere || (folder !== undefined && !(await this.sessions.hasFolder(folder)));
  }

  private async lookAt(record: SessionRecord, info: SessionInfo, now: number): Promise<boolean> {
    const { lastOutputAt: reported } = info;
    const known = this.looks.get(record.id);
    const lastOutputAt = Math.min(
      Math.max(reported ? Date.parse(reported) : 0, record.startedAt),
      // The clock was set back: use the time at which the output was first noticed.
      known && known.reported === reported ? known.lastOutputAt : now,
      now,
    );
    const saidNothing = reported === undefined;
    if (now - lastOutputAt < STILL_MS) {
      this.looks.set(record.id, { lastOutputAt, saidNothing, reported, screenAt: 0 });
      return known?.asks !== undefined;
    }
    // The same screen need not be read again.
    if (known?.screenAt === lastOutputAt) return false;
    const asks = this.sessions.asks(record, await this.sessions.screen(record.id));
    this.looks.set(record.id, { lastOutputAt, saidNothing, reported, asks, screenAt: lastOutputAt });
    return asks !== known?.asks;
  }
}

/** The process of a session as a list, empty if it is not known yet. */
export function processOf({ pid, start }: SessionRecord): ProcessIdentity[] {
  return pid === undefined || start === undefined ? [] : [{ pid, start }];
}
