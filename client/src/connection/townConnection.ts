import { randomUUID } from 'node:crypto';
import { CancellationTokenSource, type CancellationToken } from 'vscode-jsonrpc';
import { messageOf, onUnexpectedError, UserError } from '../../../server/src/base/errors';
import { isAlive } from '../../../server/src/base/process';
import { Disposable, Emitter, toDisposable, type IDisposable } from '../../../server/src/base/lifecycle';
import type { NotificationSpec, Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { withTimeLimit } from '../../../server/src/protocol/timeLimit';
import {
  joinTown,
  openTown,
  PROTOCOL,
  readEndpoint,
  serverEndpointFile,
  type Connected,
} from '../../../server/src/protocol/transport';
import { responseErrorOf } from '../../../server/src/protocol/transport/callWire';
import { l10n, type Log } from '../base/editor';
import { backoff, CancellableDelay } from './backoff';
import type { CallOptions, ServerConnection } from './serverConnection';

export type ConnectionState =
  | { kind: 'none' }
  | { kind: 'connecting'; root: string }
  | { kind: 'ready'; root: string }
  /** No server is running, and a window in Restricted Mode does not start one. */
  | { kind: 'notRunning'; root: string }
  | { kind: 'lost'; root: string; reason: string }
  | { kind: 'incompatible'; root: string; reason: string };

/** The language client of one connection, which carries the requests of this extension, too. */
export interface ConnectionClient {
  /** Resolves when the connection has ended, at either side. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  start(): Promise<void>;
  sendRequest<R>(method: string, params: unknown, token: CancellationToken): Promise<R>;
  onNotification(method: string, handler: (params: unknown) => void): unknown;
  /** Never rejects. */
  end(): Promise<void>;
}

export interface ConnectionOptions {
  log: Log;
  /** The actor of this window's requests. */
  actor(trusted: boolean): Promise<string>;
  /** @param servesFormulas whether the town's server serves the formulas of this window */
  createClient(streams: Connected, servesFormulas: boolean): ConnectionClient;
  /** The server's program, if it is not the bundled one. */
  serverJs?: string;
}

/** The town of a window, and whether the window is trusted: without trust it only reads, and starts no server. */
export interface TownSelection {
  root: string;
  trusted: boolean;
}

interface Target extends TownSelection {
  delay: CancellableDelay;
  ended: boolean;
}

/** How long a request waits for a new connection. */
const RECONNECT_LIMIT_MS = 15_000;
/** After a connection of this length the next failure counts as the first one. */
const STABLE_MS = 10_000;
/** Checking whether a server runs only reads one file, so the delays stay short. */
const NOT_RUNNING_FAILURES = 4;

/** The connection to the town of this window: re-established whenever it ends, until another town is set. */
export class TownConnection extends Disposable implements ServerConnection {
  private current: ConnectionState = { kind: 'none' };
  private target: Target | undefined;
  private client: ConnectionClient | undefined;
  private readonly handlers = new Map<string, Set<(params: never) => void>>();
  private readonly stateEmitter = this._register(new Emitter<ConnectionState>());
  readonly onDidChangeState = this.stateEmitter.event;

  constructor(private readonly options: ConnectionOptions) {
    super();
    this._register(toDisposable(() => this.setTown(undefined)));
  }

  get state(): ConnectionState {
    return this.current;
  }

  get isReady(): boolean {
    return this.client !== undefined && !this.client.isClosed;
  }

  setTown(town: TownSelection | undefined): void {
    if (this.target?.root === town?.root && this.target?.trusted === town?.trusted) return;
    if (this.target) {
      this.target.ended = true;
      this.target.delay.cancel();
    }
    const client = this.client;
    this.client = undefined;
    void client?.end();
    this.target = town && { ...town, delay: new CancellableDelay(), ended: false };
    if (this.target) void this.keepConnected(this.target);
    else this.setState({ kind: 'none' });
  }

  /**
   * Formulas of a folder without trust are read by a separate process of this window, not by the server that all
   * windows share.
   */
  get servesFormulas(): boolean {
    return this.isReady && this.target?.trusted === true;
  }

  /** Tries to connect now instead of waiting for the next attempt. */
  retryNow(): void {
    this.target?.delay.cancel();
  }

  onNotification<P>(spec: NotificationSpec<P>, handler: (params: P) => void): IDisposable {
    let handlers = this.handlers.get(spec.method);
    if (!handlers) {
      this.handlers.set(spec.method, (handlers = new Set()));
      if (this.client && this.target) this.listen(this.client, this.target, spec.method);
    }
    handlers.add(handler);
    return toDisposable(() => handlers.delete(handler));
  }

  /**
   * A request whose answer was lost is repeated on the next connection with the same operation id, so that its effect
   * happens once. @throws UserError as the server threw it, or `unavailable`
   */
  async call<S extends RequestSpec>(spec: S, params: Params<S>, options: CallOptions = {}): Promise<Result<S>> {
    const operation = spec.access === 'read' ? undefined : randomUUID();
    const deadline = Date.now() + RECONNECT_LIMIT_MS;
    for (;;) {
      const client = await this.readyClient(options.repeat === false ? 0 : deadline);
      try {
        return await withTimeLimit(spec, (signal) => {
          const source = new CancellationTokenSource();
          signal.addEventListener('abort', () => source.cancel());
          return client.sendRequest<Result<S>>(spec.method, { input: params, operation }, source.token);
        });
      } catch (error) {
        const known = responseErrorOf(error);
        if (known) throw known;
        if (error instanceof UserError || !client.isClosed || options.repeat === false) throw error;
        this.options.log.info(`${spec.method}: the connection ended before the answer arrived, repeating the request`);
      }
    }
  }

  /** @param deadline in ms since the epoch; 0 fails at once without a connection */
  private readyClient(deadline: number): Promise<ConnectionClient> {
    return new Promise((resolve, reject) => {
      const check = (): boolean => {
        if (this.client && !this.client.isClosed) resolve(this.client);
        else if (['none', 'incompatible', 'notRunning'].includes(this.current.kind) || Date.now() > deadline)
          reject(this.unavailable());
        else return false;
        return true;
      };
      if (check()) return;
      const checkAgain = (): void => {
        if (!check()) return;
        clearTimeout(timer);
        listener.dispose();
      };
      const timer = setTimeout(checkAgain, Math.max(0, deadline - Date.now()) + 10);
      const listener = this.onDidChangeState(checkAgain);
    });
  }

  private unavailable(): UserError {
    const state = this.current;
    if (state.kind === 'none')
      return new UserError(
        l10n.t('this window has no town'),
        l10n.t('open the Gas Town view to create one'),
        'unavailable',
      );
    if (state.kind === 'notRunning') return restrictedError();
    const reason = state.kind === 'lost' || state.kind === 'incompatible' ? `: ${state.reason}` : '';
    return new UserError(l10n.t('the server of {0} does not answer{1}', state.root, reason), undefined, 'unavailable');
  }

  private async keepConnected(target: Target): Promise<void> {
    let failures = 0;
    while (!target.ended) {
      // While no server runs, each attempt would show "connecting" for a moment.
      if (target.trusted || this.current.kind !== 'notRunning' || this.current.root !== target.root)
        this.setState({ kind: 'connecting', root: target.root });
      const started = Date.now();
      try {
        const client = await this.connect(target);
        if (!client) return;
        await client.closed;
        await client.end();
        if (target.ended) return;
        this.client = undefined;
        failures = Date.now() - started > STABLE_MS ? 0 : failures + 1;
        this.options.log.warn(`the connection to the server of ${target.root} ended`);
        this.setState({ kind: 'lost', root: target.root, reason: l10n.t('the connection ended') });
      } catch (error) {
        if (target.ended) return;
        failures += 1;
        if (!target.trusted && !isServed(target.root)) {
          failures = Math.min(failures, NOT_RUNNING_FAILURES);
          this.setState({ kind: 'notRunning', root: target.root });
        } else {
          this.options.log.error(`cannot connect to ${target.root}: ${messageOf(error)}`);
          const kind = isIncompatible(target.root) ? 'incompatible' : 'lost';
          this.setState({ kind, root: target.root, reason: messageOf(error) });
        }
      }
      await target.delay.wait(backoff(failures));
    }
  }

  /** Undefined if another town was set in the meantime. */
  private async connect(target: Target): Promise<ConnectionClient | undefined> {
    const actor = await this.options.actor(target.trusted);
    const hello = { kind: 'window', actor, trusted: target.trusted } as const;
    const streams = await (target.trusted
      ? openTown(target.root, hello, { serverJs: this.options.serverJs })
      : joinTown(target.root, hello));
    if (target.ended) {
      streams.socket.destroy();
      return undefined;
    }
    const client = this.options.createClient(streams, target.trusted);
    for (const method of this.handlers.keys()) this.listen(client, target, method);
    try {
      await withTimeLimit({ method: 'initialize', access: 'read' }, () => client.start());
    } catch (error) {
      await client.end();
      throw error;
    }
    if (target.ended) {
      await client.end();
      return undefined;
    }
    this.client = client;
    this.options.log.info(`connected to ${target.root} as ${actor}, server build ${streams.welcome.build}`);
    this.setState({ kind: 'ready', root: target.root });
    return client;
  }

  /** One subscription per method and client; the handlers are looked up when a notification arrives. */
  private listen(client: ConnectionClient, target: Target, method: string): void {
    client.onNotification(method, (params: unknown) => {
      // Late notifications of the previous town must not be applied to the next one.
      if (target.ended || (client !== this.client && this.client !== undefined)) return;
      for (const handler of this.handlers.get(method) ?? []) {
        try {
          handler(params as never);
        } catch (error) {
          onUnexpectedError(error);
        }
      }
    });
  }

  private setState(state: ConnectionState): void {
    this.current = state;
    this.stateEmitter.fire(state);
  }
}

function isServed(root: string): boolean {
  const endpoint = readEndpoint(serverEndpointFile(root));
  return endpoint !== undefined && isAlive(endpoint);
}

function isIncompatible(root: string): boolean {
  return isServed(root) && readEndpoint(serverEndpointFile(root))?.protocol !== PROTOCOL;
}

/** Why a window in Restricted Mode shows nothing. */
export function restrictedError(): UserError {
  return new UserError(
    l10n.t('the server of this town does not run, and a window in Restricted Mode does not start it'),
    l10n.t('trust the folder first'),
    'unavailable',
  );
}
