import { Disposable } from '../../base/lifecycle';
import { messageOf } from '../../base/errors';
import { endProcessGroup } from '../../base/process';
import { readEndpoint, hostEndpointFile, isEndpointAlive } from '../../protocol/transport';
import { SessionHostClient } from '../../sessions/client';
import type { SessionExitInfo } from '../../sessions/protocol';
import type { SessionPort, SessionRequest } from '../ports';
import type { SessionExit, SessionView } from '../view';
import { newToken, type SessionRecord, type SessionRecords } from './sessionRecords';

/** How one session is started: made from runtime, agent and town by `service/launcher.ts`. */
export interface Launch {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Conversation id, for runtimes that can resume one. */
  conversation?: string;
}

export interface SessionManagerOptions {
  root: string;
  records: SessionRecords;
  launch(request: SessionRequest, session: { id: string; token: string; conversation?: string }): Promise<Launch>;
  onChange(): void;
  log: { error(text: string): void };
}

/** Exit codes by which a shell reports that its child was ended by a signal. */
const SIGNAL_EXIT = 128;

/** Agents' sessions: their records on disk, their processes in the session host. */
export class SessionManager extends Disposable implements SessionPort {
  private host: Promise<SessionHostClient> | undefined;

  constructor(private readonly options: SessionManagerOptions) {
    super();
  }

  private get records(): SessionRecords {
    return this.options.records;
  }

  /** Compares the records with what really lives. Call once, before the engine looks at sessions. */
  async recover(): Promise<void> {
    const endpoint = readEndpoint(hostEndpointFile(this.options.root));
    const hosted = new Map<string, { pid: number; start: string; exited?: SessionExitInfo }>();
    if (endpoint && isEndpointAlive(endpoint)) {
      for (const session of await (await this.client()).list()) hosted.set(session.id, session);
    }
    for (const record of this.records.all()) {
      if (record.exit) continue;
      const session = hosted.get(record.id);
      if (!session) await this.die(record, { kind: record.stopping ?? 'killed', code: null });
      else if (session.exited) await this.die({ ...record, pid: session.pid, start: session.start }, exitOf(record, session.exited));
      else this.records.save({ ...record, pid: session.pid, start: session.start });
    }
  }

  all(): SessionView[] {
    return this.records.all().map(({ id, agent, rig, name, bead, startedAt, doneAt, exit }) => ({ id, agent, rig, name, bead, startedAt, doneAt, exit }));
  }

  /** The living session of an agent. */
  liveOf(agent: string): SessionRecord | undefined {
    return this.records.all().find((record) => record.agent === agent && !record.exit);
  }

  async start(request: SessionRequest): Promise<void> {
    const before = this.records.all().filter((record) => record.agent === request.agent);
    if (before.some((record) => !record.exit && record.bead === request.bead)) return;
    // Whatever is left of a predecessor ends before its successor begins.
    for (const record of before) await this.endProcesses(record);
    const id = `${request.rig}-${request.name}-${Date.now().toString(36)}`;
    const { token, hash } = newToken();
    const conversation = request.resume ? before.find((record) => record.bead === request.bead)?.conversation : undefined;
    const launch = await this.options.launch(request, { id, token, conversation });
    const record: SessionRecord = {
      id, agent: request.agent, rig: request.rig, name: request.name, bead: request.bead, runtime: request.runtime,
      attempt: request.attempt, tokenHash: hash, conversation: launch.conversation, startedAt: Date.now(),
    };
    // Written before the process exists: after a crash in between, the host tells whether it does.
    this.records.save(record);
    try {
      const { command, args, cwd, env } = launch;
      const process = await (await this.client()).start({ id, command, args, cwd, env, title: request.agent });
      const current = this.records.get(id) ?? record;
      this.records.save({ ...current, pid: process.pid, start: process.start });
    } catch (error) {
      this.records.remove(id);
      throw error;
    }
    for (const old of before) this.records.remove(old.id);
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
    if (current && !current.exit) await this.die(current, { kind: by, code: null });
  }

  async forget(session: string): Promise<void> {
    this.records.remove(session);
    if (this.host) await (await this.client()).forget(session).catch(() => undefined); // a host that died has forgotten it
    this.options.onChange();
  }

  async tail(session: string): Promise<string> {
    try {
      const screen = await (await this.client()).screen(session);
      return screen.split('\n').map((line) => line.trimEnd()).filter(Boolean).slice(-30).join('\n');
    } catch {
      return ''; // The screen went with its host.
    }
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
    const client = this._register(await SessionHostClient.connect(this.options.root));
    this._register(client.onExit((exit) => {
      const record = this.records.get(exit.id);
      if (record && !record.exit) void this.die(record, exitOf(record, exit)).catch((error: unknown) => this.options.log.error(messageOf(error)));
    }));
    this._register(client.onDidLoseHost(() => {
      for (const record of this.records.all()) {
        if (!record.exit) void this.die(record, { kind: record.stopping ?? 'killed', code: null }).catch((error: unknown) => this.options.log.error(messageOf(error)));
      }
    }));
    return client;
  }

  private async die(record: SessionRecord, exit: SessionExit): Promise<void> {
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
    await endProcessGroup({ pid: record.pid, start: record.start });
  }
}

function exitOf(record: SessionRecord, exit: SessionExitInfo): SessionExit {
  if (record.stopping) return { kind: record.stopping, code: exit.code };
  const killed = exit.signal !== null || (exit.code !== null && exit.code > SIGNAL_EXIT);
  return { kind: killed ? 'killed' : 'exited', code: exit.code };
}
