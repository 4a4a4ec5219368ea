import fs from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { UserError, messageOf } from '../../base/errors';
import { IdempotencyCache } from '../../base/idempotency';
import { endProcessGroup } from '../../base/process';
import { Dispatcher, type Handler } from '../../protocol/dispatcher';
import type { ParsedParams, RequestSpec, Result } from '../../protocol/request';
import { serve } from '../../protocol/transport/serve';
import { hostSchemas } from './schemas';
import type { Streams } from '../../protocol/transport/streams';
import {
  HostAttach,
  HostDetach,
  HostExit,
  HostForget,
  HostInput,
  HostKill,
  HostLastOutput,
  HostList,
  HostResize,
  HostScreen,
  HostShutdown,
  HostStart,
  HostWatch,
} from '../protocol';
import { lastOutput } from './lastOutput';
import { OutputLog, pruneLogs } from './outputLog';
import type { PtyBackend } from './pty';
import { resolveCommand } from './resolveCommand';
import { Session } from './session';
import { Viewer } from './viewer';
import { Watchdog, type WatchdogTimes } from './watchdog';

export interface HostOptions {
  /** Folder of the output logs. */
  scrollback: string;
  backend: PtyBackend;
  stuckMs: number;
  readonly log: (message: string) => void;
  /** Starts the bundled server of this town, whose path comes from `HostWatch`. */
  startServer(script: string): void;
  watchdogTimes?: WatchdogTimes;
  /** Called when a session or a connection starts or ends. */
  onActivity(): void;
  /** Called when all sessions have ended: the program may exit. */
  onShutdown(): void;
}

/** Maximum number of results that are kept for clients that repeat a request. */
const MAX_REMEMBERED = 1_000;

/** The sessions of a town and the connections that use them. */
export class SessionHost {
  private readonly sessions = new Map<string, Session>();
  private readonly viewers = new Map<string, Viewer>();
  private readonly operations = new IdempotencyCache(Infinity, MAX_REMEMBERED);
  private readonly dispatcher = new Dispatcher(hostSchemas);
  private readonly watchdog: Watchdog;
  private serverScript = '';

  constructor(private readonly options: HostOptions) {
    pruneLogs(options.scrollback);
    this.watchdog = new Watchdog(() => options.startServer(this.serverScript), options.log, options.watchdogTimes);
    this.on(HostStart.spec, async (params) => this.start(params));
    this.on(HostList.spec, async () => [...this.sessions.values()].map((session) => session.info()));
    this.on(HostAttach.spec, async ({ id }, context) => this.session(id).attach(this.viewer(context.connection)));
    this.on(HostDetach.spec, async ({ id }, context) => {
      this.session(id).detach(this.viewer(context.connection));
      return null;
    });
    this.on(HostInput.spec, async ({ id, data, onlyAt, byUser }) => {
      this.session(id).input(data, { onlyAt, byUser });
      return null;
    });
    this.on(HostResize.spec, async ({ id, cols, rows }) => {
      this.session(id).resize(cols, rows);
      return null;
    });
    this.on(HostScreen.spec, async ({ id }) => this.session(id).view());
    this.on(HostLastOutput.spec, async ({ id }) => {
      const text = await lastOutput(path.join(options.scrollback, `${id}.log`));
      if (text === undefined) throw new UserError(`no output of ${id} is kept`, undefined, 'not-found');
      return { text };
    });
    this.on(HostKill.spec, async ({ id, signal }) => {
      this.session(id).kill(signal);
      return null;
    });
    this.on(HostForget.spec, async ({ id }) => this.forget(id));
    this.on(HostWatch.spec, async ({ on, script }) => {
      this.serverScript = script;
      this.watchdog.watch(on);
      this.options.onActivity();
      return null;
    });
    this.on(HostShutdown.spec, async () => {
      await this.shutdown();
      return null;
    });
  }

  /** Whether the host is needed: it has sessions or connections. */
  get isNeeded(): boolean {
    return (
      this.watchdog.isWatching || this.viewers.size > 0 || [...this.sessions.values()].some((session) => session.isLive)
    );
  }

  /** Serves a connection until it closes. */
  connect(connection: MessageConnection, streams: Streams): void {
    const viewer = new Viewer(randomUUID(), connection, streams.socket);
    this.viewers.set(viewer.id, viewer);
    this.watchdog.connected();
    serve(
      connection,
      this.dispatcher,
      (operation) => ({ actor: 'engine', kind: 'engine', operation, connection: viewer.id }),
      () => undefined, // only the server of this town knows the key
      (method, error) => this.options.log(`${method}: ${error instanceof Error ? error.stack : messageOf(error)}`),
    );
    streams.socket.once('close', () => {
      this.viewers.delete(viewer.id);
      this.watchdog.disconnected();
      for (const session of this.sessions.values()) session.detach(viewer);
      connection.dispose();
      this.options.onActivity();
    });
    connection.listen();
    this.options.onActivity();
  }

  /** Ends every session: SIGTERM first, then SIGKILL. */
  async shutdown(): Promise<void> {
    this.watchdog.watch(false);
    const live = [...this.sessions.values()].filter((session) => session.isLive);
    for (const session of live) session.kill('SIGHUP');
    await Promise.all(live.map((session) => endProcessGroup(session.identity)));
    // After the answer to the request has been sent.
    setTimeout(() => this.options.onShutdown(), 20);
  }

  private start(params: ParsedParams<typeof HostStart.spec>): { pid: number; start: string } {
    const { id, cwd } = params;
    if (this.sessions.has(id)) throw new UserError(`there is a session ${id} already`, undefined, 'conflict');
    if (!path.isAbsolute(cwd) || !fs.statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UserError(`the working directory ${cwd} does not exist`, undefined, 'not-found');
    }
    const command = resolveCommand(params.command, params.env, cwd);
    pruneLogs(this.options.scrollback);
    const log = new OutputLog(path.join(this.options.scrollback, `${id}.log`));
    let session: Session;
    try {
      session = new Session({
        id,
        backend: this.options.backend,
        start: { ...params, command },
        log,
        stuckMs: this.options.stuckMs,
        onExit: (exit) => this.exited(id, exit),
      });
    } catch (error) {
      log.close();
      throw new UserError(`cannot start ${params.command}: ${messageOf(error)}`, undefined, 'unavailable');
    }
    this.sessions.set(id, session);
    this.options.onActivity();
    return { ...session.identity };
  }

  private exited(id: string, exit: { code: number | null; signal: string | null }): void {
    for (const viewer of this.viewers.values()) viewer.notify(HostExit.spec, { id, ...exit }, 0);
    this.options.onActivity();
  }

  private forget(id: string): null {
    const session = this.sessions.get(id);
    if (session?.isLive) throw new UserError(`session ${id} still runs`, undefined, 'conflict');
    session?.dispose();
    this.sessions.delete(id);
    return null;
  }

  private on<S extends RequestSpec>(spec: S, handler: Handler<S>): void {
    this.dispatcher.on(spec, async (params, context) => {
      const { operation } = context;
      if (operation === undefined) return handler(params, context);
      const result = await this.operations.run(operation, async () => {
        const first = await handler(params, context);
        this.operations.set(operation, first, Date.now());
        return first;
      });
      return result as Result<S>; // the key includes the method
    });
  }

  private session(id: string): Session {
    const session = this.sessions.get(id);
    if (!session) throw new UserError(`there is no session ${id}`, undefined, 'not-found');
    return session;
  }

  private viewer(id: string | undefined): Viewer {
    const viewer = id === undefined ? undefined : this.viewers.get(id);
    if (!viewer) throw new UserError('the connection is closed', undefined, 'unavailable');
    return viewer;
  }
}
