import { ResponseError } from 'vscode-jsonrpc/node';
import { writeShims } from '../base/shims';
import { Lease } from '../base/lease';
import { makePrivateFolder } from '../base/safeFolders';
import { runAbortable } from '../base/abort';
import { messageOf, setUnexpectedErrorHandler, stackOf } from '../base/errors';
import type { NotificationSpec } from '../protocol/request';
import { PersonNotified, TownChanged, TownEvent } from '../protocol/town';
import { serverEndpointFile, type Hello } from '../protocol/transport';
import { listen, type RpcServer } from '../protocol/transport/rpcServer';
import type { Streams } from '../protocol/transport/streams';
import { handleRequest, serve, type ServeOptions } from '../protocol/transport/serve';
import { TownLayout } from '../town/layout';
import { acceptHello, authorize, contextOf, identifyCaller } from './access/authorize';
import { Connections } from '../protocol/transport/connections';
import { registerHandlers } from './handlers';
import { runOnce } from '../beads/runOnce';
import { bundledFile } from '../base/bundledFile';
import { logged } from '../base/logged';
import { runCommandsWith } from '../git/git';
import { GitProcess } from '../git/process/gitProcess';
import { languageServer } from '../language/server/languageServer';
import { FileLog, type Log } from '../base/log';
import { TerminalRelay } from '../sessions/relay';
import { TownService } from './townService';

/** Time without a client and without work after which the server ends. */
const IDLE_MS = 5 * 60_000;
const IDLE_CHECK_MS = 15_000;
const LEASE_CHECK_MS = 2_000;
/** Time after which an ending server exits, even if something still runs. */
const END_LIMIT_MS = 5_000;
/** Part of that for running actions to notice their cancellation. */
const ACTION_LIMIT_MS = 4_000;

/** Serves one town to windows, command lines and agents until it is idle. */
export class TownServer {
  private readonly clients: Connections;
  private readonly terminals: TerminalRelay;
  private rpc: RpcServer | undefined;
  private nextConnection = 1;
  private idleSince = Date.now();
  private ending = false;
  private readonly stopping = new AbortController();

  private constructor(
    private readonly service: TownService,
    private readonly lease: Lease,
    private readonly log: Log,
  ) {
    this.clients = new Connections(log);
    this.terminals = new TerminalRelay(
      service.sessions,
      {
        notify: (connection, spec, params) => this.clients.notify(connection, spec, params),
        backlog: (connection) => this.clients.backlog(connection),
      },
      log,
    );
    this.terminals.register(service.dispatcher);
    service.onDelta(({ connection, delta }) => this.clients.notify(connection, TownChanged.spec, delta));
    service.onEvent((event) => this.broadcast(TownEvent.spec, event));
    service.onPersonMessage((message) => this.broadcast(PersonNotified.spec, message));
    service.onRetire(() => void this.end('a newer build takes over'));
  }

  /**
   * Starts a server. @returns undefined if another live server has the town
   * @throws UserError for a folder that is not a town of this user
   */
  static async start(root: string): Promise<TownServer | undefined> {
    const layout = new TownLayout(root);
    const log = new FileLog(layout.log);
    setUnexpectedErrorHandler((error) => log.error(`unexpected: ${stackOf(error)}`));
    makePrivateFolder(layout.runtime);
    const lease = Lease.tryAcquire(layout.serverLease);
    if (!lease) return undefined;
    const gitProcess = new GitProcess(bundledFile('gitProcess.js'), log);
    runCommandsWith((command, abort) => gitProcess.run(command, abort));
    try {
      const service = await TownService.open(root, log, lease);
      registerHandlers(service);
      // After an update running agents would still use the older programs, which are about to be removed.
      writeShims({ directory: layout.bin });
      const server = new TownServer(service, lease, log);
      await server.listen(layout);
      service.start();
      log.info(`serving ${root}`);
      return server;
    } catch (error) {
      log.error(`cannot start: ${messageOf(error)}`);
      lease.release();
      throw error;
    }
  }

  private async listen(layout: TownLayout): Promise<void> {
    this.rpc = await listen({
      root: layout.root,
      purpose: 'server',
      endpointFile: serverEndpointFile(layout.root),
      accept: (hello) => acceptHello(hello, layout.root, this.service.records),
      onConnection: (connection, hello, streams) => this.connected(connection, hello, streams),
      log: (text) => this.log.info(text),
    });
    setInterval(
      logged(
        (reason) => this.log.error(`idle check: ${reason}`),
        () => this.checkIdle(),
      ),
      IDLE_CHECK_MS,
    ).unref();
    setInterval(
      logged(
        (reason) => this.log.error(`lease check: ${reason}`),
        () => {
          this.checkLease();
          if (!this.ending) this.rpc?.keepEndpoint();
          this.clients.cutStuck();
        },
      ),
      LEASE_CHECK_MS,
    ).unref();
  }

  private connected(
    connection: Parameters<Parameters<typeof listen>[0]['onConnection']>[0],
    hello: Hello,
    streams: Streams,
  ): void {
    const id = `c${this.nextConnection++}`;
    const caller = () => identifyCaller(hello, this.service.layout.root, this.service.records);
    const options: ServeOptions = {
      dispatcher: this.service.dispatcher,
      // Evaluated for each call: a session's token expires with the session.
      context: (operation) => contextOf(caller(), id, operation),
      authorize: (spec) => authorize(spec, caller()),
      once: (spec, context, run) =>
        runAbortable(this.stopping.signal, () => runOnce(this.service.store, spec, context, run)),
      onDefect: (method, error) => this.log.error(`${method}: ${stackOf(error)}`),
    };
    streams.socket.once('close', () => this.disconnected(id));
    if (hello.kind === 'window') this.connectWindow(id, streams, options);
    else {
      serve(connection, options.dispatcher, options.context, options.authorize, options.onDefect, options.once);
      this.clients.add(id, streams.socket, (method, params) => connection.sendNotification(method, params));
      connection.listen();
    }
  }

  private connectWindow(id: string, streams: Streams, options: ServeOptions): void {
    const window = languageServer(streams, () => streams.socket.destroy(), {
      jobs: this.service.formulaJobs,
      town: this.service.layout.root,
    });
    for (const method of options.dispatcher.methods()) {
      window.onRequest(method, async (params: unknown) => {
        const outcome = await handleRequest(method, params, options);
        return 'result' in outcome
          ? outcome.result
          : new ResponseError(outcome.error.code, outcome.error.message, outcome.error.data);
      });
    }
    this.clients.add(id, streams.socket, (method, params) => window.sendNotification(method, params));
    window.listen();
  }

  private disconnected(id: string): void {
    this.clients.remove(id);
    this.service.feed.remove(id);
    void this.terminals.disconnected(id);
    this.idleSince = Date.now();
  }

  private broadcast<P>(spec: NotificationSpec<P>, params: P): void {
    this.clients.broadcast(spec, params, (id) => this.service.feed.has(id));
  }

  private checkIdle(): void {
    if (this.clients.size > 0 || this.service.isBusy()) this.idleSince = Date.now();
    else if (Date.now() - this.idleSince > IDLE_MS) void this.end('idle');
  }

  /** Stops this server if it was presumed dead and replaced. */
  private checkLease(): void {
    if (this.lease.isCurrent() || this.ending) return;
    this.ending = true;
    this.log.error('another server has taken over this town');
    this.service.refuseWrites();
    this.exitLater(1);
    void this.cancelWork().finally(() => process.exit(1));
  }

  /** Cancels running operations, saves what it can within the limit, and ends the process. */
  async end(reason: string): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    this.log.info(`ending: ${reason}`);
    this.exitLater(0);
    try {
      await this.cancelWork();
      await this.service.stop();
    } catch (error) {
      this.log.error(messageOf(error));
    }
    this.lease.release();
    process.exit(0);
  }

  /**
   * Ends the process after an unexpected exception: the memory cannot be trusted, and acknowledged changes are in the
   * journals.
   */
  crash(reason: string): never {
    this.log.error(reason);
    this.lease.release();
    process.exit(1);
  }

  private async cancelWork(): Promise<void> {
    this.stopping.abort();
    await this.rpc?.close();
    for (const key of await this.service.cancelWork(ACTION_LIMIT_MS)) this.log.error(`still running: ${key}`);
  }

  private exitLater(code: number): void {
    setTimeout(() => {
      this.log.error(`not ended within ${END_LIMIT_MS} ms`);
      this.lease.release();
      process.exit(code);
    }, END_LIMIT_MS).unref();
  }
}
