import path from 'node:path';
import { Disposable } from '../base/lifecycle';
import { messageOf, UserError } from '../base/errors';
import { KeyedMutex } from '../base/mutex';
import { SessionHostClient } from './hostClient';
import type { SessionProvider } from './providers/provider';
import type { SessionRequest } from './types';
import type { AgentLocation, TownLayout } from '../town/layout';
import type { SessionExit, SessionView } from './types';
import { SessionMonitor } from './monitor';
import { exitOf, SessionRecovery } from './recovery';
import { typeText } from './typing';
import { newToken, type SessionRecord, type SessionRecords } from './records';

/** How one session is started: built by `agents/launch.ts`. */
export interface Launch {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Id of the conversation with the model, and when its first session started; undefined where none is known. */
  conversation?: { id: string; since: number } | undefined;
}

export interface SessionManagerOptions {
  layout: TownLayout;
  records: SessionRecords;
  launch(request: SessionRequest, seat: AgentLocation, session: { id: string; token: string }): Promise<Launch>;
  /** Whether agents of this runtime accept typed text. */
  acceptsText(runtime: string): boolean;
  /** What a screen of this runtime asks the user, if anything. */
  asks(runtime: string, screen: string): string | undefined;
  onChange(): void;
  /** Called once when a session has ended, with all of its processes. */
  onEnded(record: SessionRecord): void;
  log: { error(text: string): void };
  /** The bundled server, which the session host restarts if it dies. */
  serverScript?: string;
  /** Where the sessions run. */
  provider: SessionProvider;
}

/** Agents' sessions: their records on disk, their processes in the session host. */
export class SessionManager extends Disposable {
  private host: Promise<SessionHostClient> | undefined;
  private isConnected = false;
  private isWatched = false;
  /** The last session of each agent that has none, since this server started: its output is kept by the host. */
  private readonly lastEnded = new Map<string, string>();
  private readonly starting = new KeyedMutex();
  private readonly typing = new KeyedMutex();
  private readonly monitor = this._register(
    new SessionMonitor({
      living: () => this.living(),
      list: async () => (this.isConnected ? (await this.client()).list() : undefined),
      screen: async (id) => (await this.client()).screen(id),
      asks: (record, screen) => this.options.asks(record.runtime, screen),
      aliveAmong: (processes) => this.provider.aliveAmong(processes),
      hasFolder: (folder) => this.provider.hasFolder(folder),
      folderOf: (record) => this.options.layout.locationOf(record.agent)?.cwd,
      markExited: (record) => this.markExited(record, { kind: record.stopping ?? 'killed', code: null }),
      onChange: () => this.options.onChange(),
      log: { error: (text) => this.options.log.error(text) },
    }),
  );

  private readonly recovery: SessionRecovery;

  constructor(private readonly options: SessionManagerOptions) {
    super();
    this.recovery = this._register(
      new SessionRecovery({
        provider: options.provider,
        records: options.records,
        living: () => this.living(),
        client: () => this.client(),
        isConnected: () => this.isConnected,
        markExited: (record, exit) => this.markExited(record, exit),
        end: (session, by) => this.end(session, by),
        log: options.log,
      }),
    );
  }

  private get provider(): SessionProvider {
    return this.options.provider;
  }

  private get records(): SessionRecords {
    return this.options.records;
  }

  /** Compares the records with the live processes. Call once, before the engine reads sessions. */
  async recover(): Promise<void> {
    if ((await this.recovery.run()) && this.living().length > 0) this.monitor.begin();
  }

  all(): SessionView[] {
    this.records.cutFuture(Date.now());
    return this.records.all().map(({ id, agent, role, rig, name, bead, startedAt, doneAt, exit }) => {
      const look = this.monitor.of(id);
      return { id, agent, role, rig, name, bead, startedAt, doneAt, exit, look, asks: look?.asks };
    });
  }

  private living(): SessionRecord[] {
    return this.records.all().filter((record) => !record.exit);
  }

  async kill(session: string): Promise<void> {
    const record = this.records.get(session);
    if (record && !record.exit) await this.markExited(record, { kind: 'killed', code: null });
  }

  takesNudges(session: string): boolean {
    const record = this.records.get(session);
    return record !== undefined && this.options.acceptsText(record.runtime);
  }

  /**
   * Types to a session and presses Enter, one text at a time, see `typeText`. @throws UserError `not-found` if it has
   * ended
   */
  nudge(session: string, text: string, force = false): Promise<void> {
    return this.typing.run(session, () => this.type(session, text, force));
  }

  private async type(session: string, text: string, force: boolean): Promise<void> {
    const record = this.records.get(session);
    if (!record || record.exit) throw new UserError('that session has ended', 'see "gt agents"', 'not-found');
    const asks = (runtime: string, screen: string) => this.options.asks(runtime, screen);
    await typeText(await this.client(), record, text, { asks, force });
  }

  /**
   * The visible lines of an agent's screen; without a session, the end of what its last one has printed.
   * @throws UserError `not-found`
   */
  async screen(agent: string): Promise<{ text: string; ended: boolean }> {
    const record = this.liveOf(agent);
    if (record) return { text: await (await this.client()).screen(record.id), ended: false };
    const last = this.lastEnded.get(agent);
    const text = last && (await (await this.client()).lastOutput(last).catch(() => undefined));
    if (text === undefined) throw new UserError(`${agent} has no session`, 'see "gt agents"', 'not-found');
    return { text, ended: true };
  }

  /** The live session of an agent. */
  liveOf(agent: string): SessionRecord | undefined {
    return this.records.all().find((record) => record.agent === agent && !record.exit);
  }

  /** One at a time for each agent: people, windows and the engine may all start the same one. */
  start(request: SessionRequest): Promise<void> {
    return this.starting.run(request.agent, () => this.startLocked(request));
  }

  private async startLocked(request: SessionRequest): Promise<void> {
    const seat = this.options.layout.locationOf(request.agent);
    if (!seat) throw new UserError(`${request.agent} is not an agent`, 'see "gt agents"', 'not-found');
    const before = this.records.all().filter((record) => record.agent === request.agent);
    // The Mayor and crew have one session for all tasks: new ones are in their prime.
    if (
      before.some(
        (record) => !record.exit && (record.bead === request.bead || seat.role === 'mayor' || seat.role === 'crew'),
      )
    )
      return;
    // Remaining processes of a predecessor end before its successor starts.
    for (const record of before) await this.endProcesses(record);
    const id = `${[seat.rig, seat.name].filter(Boolean).join('-')}-${Date.now().toString(36)}`;
    const { token, hash } = newToken();
    const launch = await this.options.launch(request, seat, { id, token });
    const record: SessionRecord = {
      id,
      agent: seat.agent,
      role: seat.role,
      rig: seat.rig,
      name: seat.name,
      bead: request.bead,
      runtime: request.runtime,
      attempt: request.attempt,
      tokenHash: hash,
      startedAt: Date.now(),
      conversation: launch.conversation,
    };
    // Saved before the process exists: after a crash in between, the host knows whether it does.
    this.records.save(record);
    this.lastEnded.delete(record.agent);
    try {
      const { command, args, cwd, env } = launch;
      const process = await (await this.client()).start({ id, command, args, cwd, env, title: request.agent });
      // The session may have ended, and been dropped, before the host's answer arrived.
      const current = this.records.get(id);
      if (current) this.records.save({ ...current, pid: process.pid, start: process.start });
    } catch (error) {
      this.records.remove(id);
      throw error;
    }
    for (const old of before) this.records.remove(old.id);
    this.monitor.begin();
    this.options.onChange();
  }

  markDone(agent: string): void {
    const record = this.liveOf(agent);
    if (record) this.records.save({ ...record, doneAt: Date.now() });
    this.options.onChange();
  }

  async end(session: string, by: 'stopped' | 'ended'): Promise<void> {
    const record = this.records.get(session);
    if (!record || record.exit) return;
    this.records.save({ ...record, stopping: by });
    await this.endProcesses(record);
    // The host's own report may come later, or never if it died: the processes are gone anyway.
    const current = this.records.get(session);
    if (current && !current.exit) await this.markExited(current, { kind: by, code: null });
  }

  async endAgent(agent: string, by: 'stopped' | 'ended'): Promise<void> {
    const record = this.liveOf(agent);
    if (record) await this.end(record.id, by);
  }

  async forget(session: string): Promise<void> {
    const record = this.records.get(session);
    if (record) this.lastEnded.set(record.agent, session);
    this.records.remove(session);
    // A host that died no longer has the session.
    await this.host?.then((client) => client.forgetEnded(session)).catch(() => undefined);
    this.options.onChange();
  }

  async tail(session: string): Promise<string> {
    try {
      const screen = await (await this.client()).screen(session);
      return screen
        .split('\n')
        .map((line) => line.trimEnd())
        .filter(Boolean)
        .slice(-30)
        .join('\n');
    } catch {
      return ''; // The screen is lost with its host.
    }
  }

  /**
   * Sets whether the session host restarts this server if it dies. Best effort: without a host, the next command or
   * window starts the server.
   */
  watchServer(on: boolean): void {
    if (on === this.isWatched || (!on && !this.host)) return;
    this.isWatched = on;
    const script = this.options.serverScript ?? path.join(__dirname, 'server.js');
    this.client()
      .then((client) => client.watch(on, script))
      .catch((error: unknown) => {
        this.isWatched = false;
        this.options.log.error(`cannot set the session host to restart the server: ${messageOf(error)}`);
      });
  }

  /** The session host, started on first use. */
  client(): Promise<SessionHostClient> {
    this.host ??= this.connect().catch((error: unknown) => {
      this.host = undefined;
      throw error;
    });
    return this.host;
  }

  /** Ends a session host without live sessions; the next session starts another one. */
  async endIdleHost(): Promise<void> {
    if (!this.host || this.records.all().some((record) => !record.exit)) return;
    await (await this.host).shutdown().catch((error: unknown) => this.options.log.error(messageOf(error)));
  }

  private async connect(): Promise<SessionHostClient> {
    const client = this._register(await SessionHostClient.connect(this.provider));
    this.isConnected = true;
    this._register(
      client.onExit((exit) => {
        const record = this.records.get(exit.id);
        if (record && !record.exit)
          void this.markExited(record, exitOf(record, exit)).catch((error: unknown) =>
            this.options.log.error(messageOf(error)),
          );
      }),
    );
    this._register(
      client.onDidLoseHost(() => {
        this.isWatched = false;
        for (const record of this.records.all()) {
          if (!record.exit)
            void this.markExited(record, { kind: record.stopping ?? 'killed', code: null }).catch((error: unknown) =>
              this.options.log.error(messageOf(error)),
            );
        }
      }),
    );
    return client;
  }

  private async markExited(record: SessionRecord, exit: SessionExit): Promise<void> {
    // Revokes the session's token and ends its leftover processes.
    this.records.save({ ...record, exit });
    await this.endProcesses(record);
    this.options.onEnded(record);
    this.options.onChange();
  }

  private async endProcesses(record: SessionRecord): Promise<void> {
    if (record.pid === undefined || record.start === undefined) {
      if (!record.exit && this.host) await (await this.client()).kill(record.id, 'SIGKILL').catch(() => undefined);
      return;
    }
    await this.provider.endSession(record.id, { pid: record.pid, start: record.start });
  }
}
