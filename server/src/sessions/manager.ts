import path from 'node:path';
import { Disposable, toDisposable } from '../base/lifecycle';
import { abortableDelay } from '../base/abort';
import { messageOf, UserError } from '../base/errors';
import { KeyedMutex } from '../base/mutex';
import { SessionHostClient } from './hostClient';
import type { SessionProvider } from './providers/provider';
import type { SessionExitInfo } from './protocol';
import type { SessionRequest } from './types';
import type { AgentLocation, TownLayout } from '../town/layout';
import type { SessionExit, SessionView } from './types';
import { processOf, SessionMonitor } from './monitor';
import { newToken, type SessionRecord, type SessionRecords } from './records';

/** How one session is started: built by `agents/launch.ts`. */
export interface Launch {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

export interface SessionManagerOptions {
  layout: TownLayout;
  records: SessionRecords;
  launch(request: SessionRequest, seat: AgentLocation, session: { id: string; token: string }): Promise<Launch>;
  /** Whether words can be typed to agents of this runtime. */
  acceptsText(runtime: string): boolean;
  /** What this screen of a runtime asks of a person, if anything. */
  asks(runtime: string, screen: string): string | undefined;
  onChange(): void;
  log: { error(text: string): void };
  /** The bundled server, which the session host starts again if it dies. */
  serverScript?: string;
  /** Where the sessions run. */
  provider: SessionProvider;
}

/** A process that the session host runs. */
interface Hosted {
  pid: number;
  start: string;
  exited?: SessionExitInfo;
}

/** How often the processes of a host that does not talk to us are looked at. */
const LOOK_MS = 2_000;

/** Some programs treat Enter as pasted text if it arrives together with the text. */
const ENTER_AFTER_MS = 400;

/** A screen that changes all the time is read so often before Enter is given up. */
const MAX_ENTER_TRIES = 50;

/** Exit codes by which a shell reports that its child was ended by a signal. */
const SIGNAL_EXIT = 128;

/** Agents' sessions: their records on disk, their processes in the session host. */
export class SessionManager extends Disposable {
  private host: Promise<SessionHostClient> | undefined;
  private isConnected = false;
  private isWatched = false;
  private lookTimer: NodeJS.Timeout | undefined;
  private readonly starting = new KeyedMutex();
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

  constructor(private readonly options: SessionManagerOptions) {
    super();
    this._register(toDisposable(() => clearTimeout(this.lookTimer)));
  }

  private get provider(): SessionProvider {
    return this.options.provider;
  }

  private get records(): SessionRecords {
    return this.options.records;
  }

  /** Compares the records with what really lives. Call once, before the engine looks at sessions. */
  async recover(): Promise<void> {
    const hosted = await this.hosted();
    if (!hosted) return this.checkProcesses();
    for (const record of this.records.all()) {
      if (!record.exit) await this.recoverOne(record, hosted.get(record.id));
    }
    for (const [id, session] of hosted) if (!this.records.get(id)) await this.endUnknown(id, session);
    if (this.living().length > 0) this.monitor.begin();
  }

  /** What the session host runs; undefined where one lives that this server cannot talk to. */
  private async hosted(): Promise<ReadonlyMap<string, Hosted> | undefined> {
    if (!(await this.provider.hasHost())) return new Map();
    try {
      return new Map((await (await this.client()).list()).map((session) => [session.id, session]));
    } catch (error) {
      this.options.log.error(`the sessions are looked after by their process ids alone: ${messageOf(error)}`);
      return undefined;
    }
  }

  private async recoverOne(record: SessionRecord, session: Hosted | undefined): Promise<void> {
    if (!session) return this.markExited(record, { kind: record.stopping ?? 'killed', code: null });
    const known = { ...record, pid: session.pid, start: session.start };
    if (session.exited) return this.markExited(known, exitOf(record, session.exited));
    this.records.save(known);
    // The last server was killed while it ended this one: its token is void already, so it must not live on.
    if (record.stopping) await this.end(record.id, record.stopping);
  }

  /** Nobody knows what it is for: its record was removed, or never written. */
  private async endUnknown(id: string, session: Hosted): Promise<void> {
    if (!session.exited) await this.provider.endSession(id, { pid: session.pid, start: session.start });
    await this.forgetInHost(id).catch((error: unknown) =>
      this.options.log.error(`forgetting ${id}: ${messageOf(error)}`),
    );
  }

  /** The host hears of the end of a killed process a moment later, and forgets nothing that lives. */
  private async forgetInHost(id: string): Promise<void> {
    const client = await this.client();
    for (let tries = 20; ; tries -= 1) {
      try {
        return await client.forget(id);
      } catch (error) {
        if (tries === 0 || !(error instanceof UserError && error.code === 'conflict')) throw error;
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  }

  /**
   * Without a host to ask, such as one of another version that an update left running, a session lives as long as
   * its recorded process: it can be stopped, and its end is noticed.
   */
  private async checkProcesses(): Promise<void> {
    const living = this.living();
    const alive = await this.provider.aliveAmong(living.flatMap(processOf));
    for (const record of living) {
      if (record.pid === undefined || !alive.has(record.pid))
        await this.markExited(record, { kind: record.stopping ?? 'killed', code: null });
      else if (record.stopping) await this.end(record.id, record.stopping);
    }
    if (this.isDisposed || this.isConnected || !this.records.all().some((record) => !record.exit)) return;
    this.lookTimer = setTimeout(() => {
      this.checkProcesses().catch((error: unknown) =>
        this.options.log.error(`looking at processes: ${messageOf(error)}`),
      );
    }, LOOK_MS);
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
   * Types as a person would: the text and then, when the program has taken it, Enter. Enter would answer whatever stands
   * on the screen, so the screen is checked before the text and again immediately before Enter. Text from a person is
   * sent without these checks.
   * @throws UserError `conflict` where the program asks a person something
   */
  async nudge(session: string, text: string, byPerson = false): Promise<void> {
    const record = this.records.get(session);
    if (!record || record.exit) throw new UserError('that session has ended', 'see "gt agents"', 'not-found');
    const client = await this.client();
    if (!byPerson) await this.requireNoQuestion(client, record);
    await client.input(session, `\x1b[200~${printable(text)}\x1b[201~`);
    await abortableDelay(ENTER_AFTER_MS);
    if (byPerson) await client.input(session, '\r');
    else await this.pressEnter(client, record);
  }

  /** Presses Enter only on the very screen that was checked: the host refuses it once more output has come. */
  private async pressEnter(client: SessionHostClient, record: SessionRecord): Promise<void> {
    for (let tries = MAX_ENTER_TRIES; ; tries -= 1) {
      const sequence = await this.requireNoQuestion(client, record);
      try {
        return await client.input(record.id, '\r', sequence);
      } catch (error) {
        if (tries === 0 || !(error instanceof UserError && error.code === 'conflict')) throw error;
      }
    }
  }

  /** @returns the place in the session's output that the checked screen shows */
  private async requireNoQuestion(client: SessionHostClient, record: SessionRecord): Promise<number> {
    const { text, sequence } = await client.view(record.id);
    const asks = this.options.asks(record.runtime, text);
    if (asks !== undefined)
      throw new UserError(`${record.agent} waits for a person: it ${asks}`, 'answer in its terminal', 'conflict');
    return sequence;
  }

  /** The visible lines of an agent's screen. */
  async screen(agent: string): Promise<string> {
    const record = this.liveOf(agent);
    if (!record) throw new UserError(`${agent} has no session`, 'see "gt agents"', 'not-found');
    return (await this.client()).screen(record.id);
  }

  /** The living session of an agent. */
  liveOf(agent: string): SessionRecord | undefined {
    return this.records.all().find((record) => record.agent === agent && !record.exit);
  }

  /** One at a time for each agent: people, windows and the engine may all ask for the same one. */
  start(request: SessionRequest): Promise<void> {
    return this.starting.run(request.agent, () => this.startLocked(request));
  }

  private async startLocked(request: SessionRequest): Promise<void> {
    const seat = this.options.layout.locationOf(request.agent);
    if (!seat) throw new UserError(`${request.agent} is no agent`, 'see "gt agents"', 'not-found');
    const before = this.records.all().filter((record) => record.agent === request.agent);
    // The Mayor and crew have one session whatever it is about: what is new is in their prime.
    if (
      before.some(
        (record) => !record.exit && (record.bead === request.bead || seat.role === 'mayor' || seat.role === 'crew'),
      )
    )
      return;
    // Whatever is left of a predecessor ends before its successor begins.
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
    };
    // Written before the process exists: after a crash in between, the host tells whether it does.
    this.records.save(record);
    try {
      const { command, args, cwd, env } = launch;
      const process = await (await this.client()).start({ id, command, args, cwd, env, title: request.agent });
      // It may have ended, and been forgotten, before the host's answer came.
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
    // The host's own report may come later, or never if it died: the processes are gone, that is what counts.
    const current = this.records.get(session);
    if (current && !current.exit) await this.markExited(current, { kind: by, code: null });
  }

  async endAgent(agent: string, by: 'stopped' | 'ended'): Promise<void> {
    const record = this.liveOf(agent);
    if (record) await this.end(record.id, by);
  }

  async forget(session: string): Promise<void> {
    this.records.remove(session);
    if (this.host) await this.forgetInHost(session).catch(() => undefined); // a host that died has forgotten it
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
      return ''; // The screen went with its host.
    }
  }

  /**
   * Whether the session host is to start this server again if it dies. Best effort: without a host, the next command or
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
        this.options.log.error(`the session host does not watch over the server: ${messageOf(error)}`);
      });
  }

  /** The session host, started when it is first needed. */
  client(): Promise<SessionHostClient> {
    this.host ??= this.connect().catch((error: unknown) => {
      this.host = undefined;
      throw error;
    });
    return this.host;
  }

  /** Leaves no process behind where nothing lives in it; the next session starts another host. */
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
    // Its token is void from here on; what it left running is ended.
    this.records.save({ ...record, exit });
    await this.endProcesses(record);
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

function exitOf(record: SessionRecord, exit: SessionExitInfo): SessionExit {
  if (record.stopping) return { kind: record.stopping, code: exit.code };
  const killed = exit.signal !== null || (exit.code !== null && exit.code > SIGNAL_EXIT);
  return { kind: killed ? 'killed' : 'exited', code: exit.code };
}

/** What is typed is text: no control character of it reaches the program as a key. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
