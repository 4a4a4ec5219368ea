import { randomUUID } from 'node:crypto';
import type { LogOutputChannel } from 'vscode';
import { UserError, messageOf } from '../../../server/src/base/errors';
import { isAlive } from '../../../server/src/base/process';
import { Disposable, Emitter, toDisposable, type IDisposable } from '../../../server/src/base/lifecycle';
import type { Caller, NotificationSpec, Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { joinTown, openTown, PROTOCOL, readEndpoint, serverEndpointFile } from '../../../server/src/protocol/transport';
import { responseErrorOf } from '../../../server/src/protocol/transport/callWire';
import { l10n } from '../base/l10n';
import { backoff, CancellableDelay } from './backoff';
import { TownLanguageClient } from './townLanguageClient';

export type ConnectionState =
  | { kind: 'none' }
  | { kind: 'connecting'; root: string }
  | { kind: 'ready'; root: string }
  /** No server runs, and a window in restricted mode starts none. */
  | { kind: 'asleep'; root: string }
  | { kind: 'lost'; root: string; reason: string }
  | { kind: 'incompatible'; root: string; reason: string };

export interface ConnectionOptions {
  log: LogOutputChannel;
  languageLog: LogOutputChannel;
  /** Who acts in this window. */
  actor(trusted: boolean): Promise<string>;
  /** The server's program, where it is not the bundled one. */
  serverJs?: string;
}

/** The town of a window, and whether the window is trusted: without trust it looks on, and starts nothing. */
export interface TownSelection {
  root: string;
  trusted: boolean;
}

interface Target extends TownSelection {
  pause: CancellableDelay;
  ended: boolean;
}

/** How long a call goes on trying while the connection is being made anew. */
const CALL_PATIENCE_MS = 15_000;
/** A connection that lasted so long was good: the next failure starts counting anew. */
const STEADY_MS = 10_000;
/** Looking whether a server runs by now costs a file that is read: the pauses stay short. */
const ASLEEP_FAILURES = 4;

/** The connection to the town of this window: made, kept and made again, until another town is set. */
export class TownConnection extends Disposable implements Caller {
  private current: ConnectionState = { kind: 'none' };
  private target: Target | undefined;
  private client: TownLanguageClient | undefined;
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
      this.target.pause.cancel();
    }
    const client = this.client;
    this.client = undefined;
    void client?.end();
    this.target = town && { ...town, pause: new CancellableDelay(), ended: false };
    if (this.target) void this.keep(this.target);
    else this.setState({ kind: 'none' });
  }

  /** Formulas of a folder that nobody trusts are read by a process of the window's own, not by the one that all windows share. */
  get servesFormulas(): boolean {
    return this.isReady && this.target?.trusted === true;
  }

  /** Does not wait for the next attempt. */
  retryNow(): void {
    this.target?.pause.cancel();
  }

  /** Hears this notification on every connection, present and later. */
  onNotification<P>(spec: NotificationSpec<P>, handler: (params: P) => void): IDisposable {
    let handlers = this.handlers.get(spec.method);
    if (!handlers) this.handlers.set(spec.method, (handlers = new Set()));
    handlers.add(handler);
    if (this.client && this.target) this.listen(this.client, this.target, spec.method);
    return toDisposable(() => handlers.delete(handler));
  }

  /**
   * A call whose answer was lost is repeated on the next connection with the same operation id, so that its effect
   * happens once. @throws UserError as the server threw it, or `unavailable`
   */
  async call<S extends RequestSpec>(
    spec: S,
    params: Params<S>,
    options: { repeat?: boolean } = {},
  ): Promise<Result<S>> {
    const operation = spec.access === 'read' ? undefined : randomUUID();
    const deadline = Date.now() + CALL_PATIENCE_MS;
    for (;;) {
      const client = await this.readyClient(options.repeat === false ? 0 : deadline);
      try {
        return await client.sendRequest<Result<S>>(spec.method, { input: params, operation });
      } catch (error) {
        const known = responseErrorOf(error);
        if (known) throw known;
        if (!client.isClosed || options.repeat === false) throw error;
        this.options.log.info(`${spec.method}: the connection broke, repeating`);
      }
    }
  }

  private readyClient(deadline: number): Promise<TownLanguageClient> {
    return new Promise((resolve, reject) => {
      const check = (): boolean => {
        if (this.client && !this.client.isClosed) resolve(this.client);
        else if (['none', 'incompatible', 'asleep'].includes(this.current.kind) || Date.now() > deadline)
          reject(this.unavailable());
        else return false;
        return true;
      };
      if (check()) return;
      const done = (): void => {
        if (!check()) return;
        clearTimeout(timer);
        listener.dispose();
      };
      const timer = setTimeout(done, Math.max(0, deadline - Date.now()) + 10);
      const listener = this.onDidChangeState(done);
    });
  }

  private unavailable(): UserError {
    const state = this.current;
    if (state.kind === 'none')
      return new UserError(
        l10n.t('this window belongs to no town'),
        l10n.t('open the Gas Town view to make one'),
        'unavailable',
      );
    if (state.kind === 'asleep') return restrictedError();
    const reason = state.kind === 'lost' || state.kind === 'incompatible' ? `: ${state.reason}` : '';
    return new UserError(l10n.t('the server of {0} does not answer{1}', state.root, reason), undefined, 'unavailable');
  }

  private async keep(target: Target): Promise<void> {
    let failures = 0;
    while (!target.ended) {
      // A server that does not run is no news each time it is looked for.
      if (target.trusted || this.current.kind !== 'asleep' || this.current.root !== target.root)
        this.setState({ kind: 'connecting', root: target.root });
      const started = Date.now();
      try {
        const client = await this.connect(target);
        if (!client) return;
        await client.closed;
        await client.end();
        if (target.ended) return;
        this.client = undefined;
        failures = Date.now() - started > STEADY_MS ? 0 : failures + 1;
        this.options.log.warn(`lost the server of ${target.root}`);
        this.setState({ kind: 'lost', root: target.root, reason: l10n.t('the connection ended') });
      } catch (error) {
        if (target.ended) return;
        failures += 1;
        if (!target.trusted && !isServed(target.root)) {
          failures = Math.min(failures, ASLEEP_FAILURES);
          this.setState({ kind: 'asleep', root: target.root });
        } else {
          this.options.log.error(`cannot connect to ${target.root}: ${messageOf(error)}`);
          this.setState({
            kind: this.isIncompatible(target.root) ? 'incompatible' : 'lost',
            root: target.root,
            reason: messageOf(error),
          });
        }
      }
      await target.pause.wait(backoff(failures));
    }
  }

  /** Undefined where another town was set meanwhile. */
  private async connect(target: Target): Promise<TownLanguageClient | undefined> {
    const actor = await this.options.actor(target.trusted);
    const hello = { kind: 'window', actor, trusted: target.trusted } as const;
    const streams = await (target.trusted
      ? openTown(target.root, hello, { serverJs: this.options.serverJs })
      : joinTown(target.root, hello));
    if (target.ended) {
      streams.socket.destroy();
      return undefined;
    }
    const client = new TownLanguageClient(streams, this.options.languageLog, target.trusted);
    for (const method of this.handlers.keys()) this.listen(client, target, method);
    try {
      await client.start();
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

  /** One subscription a method and client; the handlers are looked up when the notification comes. */
  private listen(client: TownLanguageClient, target: Target, method: string): void {
    client.onNotification(method, (params: unknown) => {
      // What a town that was left still says would be told as if it were of the next one.
      if (target.ended || (client !== this.client && this.client !== undefined)) return;
      for (const handler of this.handlers.get(method) ?? []) handler(params as never);
    });
  }

  private isIncompatible(root: string): boolean {
    return isServed(root) && readEndpoint(serverEndpointFile(root))?.protocol !== PROTOCOL;
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

/** Why a window that may only look on has nobody to look at. */
export function restrictedError(): UserError {
  return new UserError(
    l10n.t('no server of this town runs, and a window in restricted mode starts none'),
    l10n.t('trust its folder first'),
    'unavailable',
  );
}
