import { UserError } from '../../base/errors';
import { identify, type ProcessIdentity } from '../../base/process';
import type { ParsedParams } from '../../protocol/request';
import type { SessionScreen } from '../../protocol/town';
import { HostOutput, type HostStart, type ScreenView, type SessionExitInfo, type SessionInfo } from '../protocol';
import { Draft } from './draft';
import { FlowControl } from './flowControl';
import type { OutputLog } from './outputLog';
import type { Pty, PtyBackend } from './pty';
import { HeadlessScreen } from './screen';
import type { Viewer } from './viewer';

const COALESCE_MS = 16;
/** Size of pending output (UTF-16 units) that is flushed at once, without the delay. */
const MAX_CHUNK = 64 * 1024;
const BACKLOG_HIGH = 512 * 1024;
const BACKLOG_LOW = 128 * 1024;

export interface SessionOptions {
  id: string;
  backend: PtyBackend;
  /** The start parameters, with the command already resolved to a file. */
  start: ParsedParams<typeof HostStart.spec>;
  log: OutputLog;
  /** A view that reads nothing for this long is disconnected. */
  stuckMs: number;
  onExit(exit: SessionExitInfo): void;
}

interface Remains {
  screen: string;
  text: string;
}

/** One program on its terminal: screen, viewers and exit. */
export class Session {
  readonly identity: ProcessIdentity;
  private readonly pty: Pty;
  private readonly screen: HeadlessScreen;
  private readonly flow: FlowControl;
  private readonly draft = new Draft();
  private readonly viewers = new Map<Viewer, () => void>();
  private readonly startedAt = new Date().toISOString();
  private lastOutputAt: string | undefined;
  private pending = '';
  private timer: NodeJS.Timeout | undefined;
  /** Number of views that are being attached; meanwhile output waits, so that none is missed or sent twice. */
  private holds = 0;
  private sequence = 0;
  private exit: (SessionExitInfo & { at: string }) | undefined;
  /** Screen of an ended session, kept as text, because a terminal takes megabytes. */
  private remains: Promise<Remains> | undefined;
  private size: { cols: number; rows: number };

  constructor(private readonly options: SessionOptions) {
    const { cols, rows, args, cwd, env, command } = options.start;
    this.size = { cols, rows };
    this.pty = options.backend.spawn({ file: command, args, cwd, env, cols, rows });
    this.identity = identify(this.pty.pid);
    this.screen = new HeadlessScreen({
      cols,
      rows,
      nobodyWatches: () => this.viewers.size === 0 && !this.options.backend.degraded,
      reply: (data) => this.exit === undefined && this.pty.write(data),
    });
    this.flow = new FlowControl(this.pty, () => {
      for (const viewer of this.viewers.keys()) viewer.cutIfStuck(this.options.stuckMs);
    });
    if (options.backend.degraded) {
      this.receive(
        `[Gas Town] degraded mode: no terminal library for this system, the program runs on pipes (${options.backend.reason})\r\n`,
      );
    }
    this.pty.onData((data) => this.receive(data));
    this.pty.onExit((exit) => this.ended(exit));
  }

  get isLive(): boolean {
    return this.exit === undefined;
  }

  info(): SessionInfo {
    return {
      id: this.options.id,
      title: this.options.start.title,
      ...this.identity,
      startedAt: this.startedAt,
      exited: this.exit,
      lastOutputAt: this.lastOutputAt,
      ...this.size,
      degraded: this.options.backend.degraded,
    };
  }

  /** Attaches a viewer, which gets every output after the returned sequence number. */
  async attach(viewer: Viewer): Promise<SessionScreen> {
    const remains = await this.settle((live) => {
      if (live && !this.viewers.has(viewer))
        this.viewers.set(
          viewer,
          viewer.onRelief(() => this.updateFlow()),
        );
    });
    const exited = this.exit && { code: this.exit.code, signal: this.exit.signal };
    return { screen: remains.screen, ...this.size, sequence: remains.sequence, exited };
  }

  detach(viewer: Viewer): void {
    this.viewers.get(viewer)?.();
    if (this.viewers.delete(viewer)) this.updateFlow();
  }

  /** The current screen. */
  async view(): Promise<ScreenView> {
    const { text, sequence } = await this.settle();
    const quietMs = this.lastOutputAt === undefined ? undefined : Date.now() - Date.parse(this.lastOutputAt);
    return { text, sequence, quietMs, hasDraft: this.draft.isOpen };
  }

  /** Sends input. @param onlyAt refused if there was output after this sequence number */
  input(data: string, { onlyAt, byUser = false }: { onlyAt?: number | undefined; byUser?: boolean | undefined }): void {
    this.requireLive();
    if (onlyAt !== undefined && (this.pending !== '' || this.sequence !== onlyAt))
      throw new UserError(`the screen of ${this.options.id} has changed`, undefined, 'conflict');
    if (byUser) this.draft.typed(data);
    this.pty.write(data);
  }

  resize(cols: number, rows: number): void {
    this.requireLive();
    if (cols === this.size.cols && rows === this.size.rows) return;
    this.size = { cols, rows };
    this.screen.resize(cols, rows);
    try {
      this.pty.resize(cols, rows);
    } catch {
      // The session has just ended; its exit will be reported.
    }
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.isLive) return;
    for (const target of process.platform === 'win32' ? [this.pty.pid] : [-this.pty.pid, this.pty.pid]) {
      try {
        process.kill(target, process.platform === 'win32' ? undefined : signal);
        return;
      } catch {
        // No such group (it is just starting or has just ended): try the process alone.
      }
    }
  }

  /** Releases the resources of an ended session. */
  dispose(): void {
    for (const viewer of [...this.viewers.keys()]) this.detach(viewer);
    clearTimeout(this.timer);
    this.options.log.close();
  }

  private receive(data: string): void {
    this.lastOutputAt = new Date().toISOString();
    this.pending += data;
    if (this.pending.length >= MAX_CHUNK) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), COALESCE_MS);
    this.updateFlow();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.holds > 0) return;
    const data = this.pending;
    if (data !== '') {
      this.pending = '';
      this.sequence++;
      this.options.log.append(data);
      this.screen.write(data, () => this.updateFlow());
      for (const viewer of this.viewers.keys()) {
        viewer.notify(HostOutput.spec, { id: this.options.id, sequence: this.sequence, data }, data.length);
      }
      this.updateFlow();
    }
    if (this.exit && !this.remains) this.close();
  }

  private updateFlow(): void {
    const backlog = this.screen.backlog + this.pending.length;
    this.pausedByBacklog = backlog > (this.pausedByBacklog ? BACKLOG_LOW : BACKLOG_HIGH);
    const slow = [...this.viewers.keys()].some((viewer) => viewer.isSlow);
    this.flow.update(this.pausedByBacklog || slow);
  }
  private pausedByBacklog = false;

  /** Waits until the screen shows all output so far, and runs `then` at that moment. */
  private async settle(then?: (live: boolean) => void): Promise<Remains & { sequence: number }> {
    this.flush();
    if (this.remains) {
      const remains = await this.remains;
      then?.(false);
      return { ...remains, sequence: this.sequence };
    }
    this.holds++;
    const sequence = this.sequence;
    return new Promise((resolve) => {
      this.screen.settled(() => {
        then?.(this.exit === undefined);
        resolve({ screen: this.screen.serialize(), text: this.screen.text(), sequence });
        this.holds--;
        // Deferred until the answer has been written, so that a view gets the screen first.
        if (this.holds === 0) this.timer ??= setTimeout(() => this.flush(), 0);
      });
    });
  }

  private ended(exit: SessionExitInfo): void {
    this.exit = { ...exit, at: new Date().toISOString() };
    this.flow.end();
    this.flush();
  }

  /** Called after the last output of an ended program. */
  private close(): void {
    this.options.log.close();
    this.remains = new Promise((resolve) => {
      this.screen.settled(() => {
        resolve({ screen: this.screen.serialize(), text: this.screen.text() });
        this.screen.dispose();
      });
    });
    if (this.exit) this.options.onExit({ code: this.exit.code, signal: this.exit.signal });
  }

  private requireLive(): void {
    if (!this.isLive) throw new UserError(`session ${this.options.id} has ended`, undefined, 'conflict');
  }
}
