import { randomUUID } from 'node:crypto';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { UserError, messageOf } from '../../base/errors';
import { Emitter, type IDisposable, toDisposable } from '../../base/lifecycle';
import type { Caller, NotificationSpec, Params, RequestSpec, Result } from '../request';
import { answerLostError } from '../timeLimit';
import { callOver } from './callWire';
import type { Connected } from './streams';
import type { Welcome } from './handshake';

export interface RpcClientOptions {
  /** How long a call is repeated after its connection broke, in milliseconds. */
  reconnectTimeoutMs?: number;
}

interface Link {
  connection: MessageConnection;
  connected: Connected;
  broken: boolean;
}

/**
 * Calls a program of a town over a connection that may break. A call whose answer was lost is repeated over a new
 * connection with the same operation id, so that it takes effect once. It reconnects on the next call, or at once by
 * `reconnect()`; subscriptions must be renewed for each connection.
 */
export class RpcClient implements Caller, IDisposable {
  private link: Link | undefined;
  private opening: Promise<Link> | undefined;
  private closed = false;
  private readonly handlers = new Map<string, Set<(params: never) => void>>();
  private readonly closeEmitter = new Emitter<void>();
  private readonly reconnectEmitter = new Emitter<Welcome>();
  /** Fires if the connection breaks, but not after `close()`. */
  readonly onClose = this.closeEmitter.event;
  /** Fires after reconnecting. */
  readonly onReconnect = this.reconnectEmitter.event;

  private constructor(
    private readonly openStreams: () => Promise<Connected>,
    private readonly options: RpcClientOptions,
  ) {}

  /** @throws UserError as `open` does */
  static async open(open: () => Promise<Connected>, options: RpcClientOptions = {}): Promise<RpcClient> {
    const client = new RpcClient(open, options);
    client.link = client.attach(await open());
    return client;
  }

  get welcome(): Welcome | undefined {
    return this.link?.connected.welcome;
  }

  get isConnected(): boolean {
    return this.link !== undefined && !this.link.broken;
  }

  /** @throws UserError and Error as `callOnce` does */
  call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    return this.callOnce(spec, params, spec.access === 'read' ? undefined : randomUUID());
  }

  /**
   * Sends a request that takes effect once for this operation id, however often and over whatever connection it is
   * sent.
   * @throws UserError as the handler threw it; `unavailable` when the connection is closed or cannot be restored in
   * time; Error for a bug at the other end
   */
  async callOnce<S extends RequestSpec>(spec: S, params: Params<S>, operation: string | undefined): Promise<Result<S>> {
    let deadline = 0;
    for (;;) {
      const link = await this.currentLink(deadline).catch((error: unknown) => {
        throw deadline === 0 || this.closed ? error : answerLostError(spec, messageOf(error));
      });
      try {
        return await callOver(link.connection, spec, params, operation);
      } catch (error) {
        if (error instanceof UserError || (!link.broken && !isWriteFailure(link))) throw error;
        if (this.closed) throw closedError();
        this.breakLink(link);
        deadline ||= Date.now() + (this.options.reconnectTimeoutMs ?? 10_000);
        if (Date.now() > deadline) throw answerLostError(spec, 'the connection keeps breaking');
      }
    }
  }

  /** The handler gets this notification on every connection, present and later. */
  onNotification<P>(spec: NotificationSpec<P>, handler: (params: P) => void): IDisposable {
    let handlers = this.handlers.get(spec.method);
    if (!handlers) this.handlers.set(spec.method, (handlers = new Set()));
    handlers.add(handler);
    return toDisposable(() => handlers.delete(handler));
  }

  /** Connects again if the connection broke. @throws UserError if it cannot */
  async reconnect(): Promise<void> {
    await this.currentLink(0);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const link = this.link;
    if (link) this.breakLink(link);
    this.closeEmitter.dispose();
    this.reconnectEmitter.dispose();
  }

  dispose(): void {
    this.close();
  }

  /** @param deadline 0 to try once; otherwise failures are retried until then (milliseconds since the epoch) */
  private async currentLink(deadline: number): Promise<Link> {
    for (;;) {
      if (this.closed) throw closedError();
      if (this.link && !this.link.broken) return this.link;
      try {
        return await (this.opening ??= this.openLink());
      } catch (error) {
        const retry = error instanceof UserError && error.code === 'unavailable' && Date.now() < deadline;
        if (!retry) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** One attempt at a time, shared by all waiting calls. */
  private async openLink(): Promise<Link> {
    try {
      const link = this.attach(await this.openStreams());
      if (this.closed) {
        this.breakLink(link);
        throw closedError();
      }
      this.link = link;
      this.reconnectEmitter.fire(link.connected.welcome);
      return link;
    } finally {
      this.opening = undefined;
    }
  }

  private attach(connected: Connected): Link {
    const connection = createMessageConnection(connected.reader, connected.writer);
    const link: Link = { connection, connected, broken: false };
    connection.onNotification((method, params) => {
      for (const handler of this.handlers.get(method) ?? []) handler(params as never);
    });
    connection.onError(() => connected.socket.destroy());
    connection.onClose(() => this.breakLink(link));
    connection.listen();
    if (connected.socket.destroyed) this.breakLink(link);
    return link;
  }

  /** Disposing the connection rejects the calls that wait on it. */
  private breakLink(link: Link): void {
    if (link.broken) return;
    link.broken = true;
    link.connection.dispose();
    link.connected.socket.destroy();
    if (!this.closed && this.link === link) this.closeEmitter.fire();
  }
}

/** The socket may be closed a moment before its `close` event. */
function isWriteFailure(link: Link): boolean {
  return link.connected.socket.destroyed || link.connected.socket.errored !== null;
}

function closedError(): UserError {
  return new UserError('the connection was closed', undefined, 'unavailable');
}
