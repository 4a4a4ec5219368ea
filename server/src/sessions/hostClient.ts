import { UserError } from '../base/errors';
import { Disposable, Emitter, type IDisposable } from '../base/lifecycle';
import type { ProcessIdentity } from '../base/process';
import type { Params } from '../protocol/request';
import type { SessionScreen } from '../protocol/town';
import { RpcClient } from '../protocol/transport/rpcClient';
import type { Connected } from '../protocol/transport/streams';
import type { SessionProvider } from './providers/provider';
import {
  HostAttach,
  HostDetach,
  HostExit,
  HostForget,
  HostInput,
  HostKill,
  HostLastOutput,
  HostList,
  HostOutput,
  HostResize,
  HostScreen,
  HostShutdown,
  HostStart,
  HostWatch,
  type ScreenView,
  type SessionExitInfo,
  type SessionInfo,
  type sessionSignals,
} from './protocol';

/** How often, and how long apart, a host gets the request to drop a session whose process was just killed. */
const FORGET_TRIES = 20;
const FORGET_AGAIN_MS = 50;

export interface SessionOutputEvent {
  id: string;
  sequence: number;
  data: string;
}
export type SessionExitEvent = { id: string } & SessionExitInfo;

/**
 * The session host from the view of the server. A broken connection to a live host is restored automatically: sessions
 * are attached again, and missed exits are reported. If the host itself is gone, so are its sessions: `onDidLoseHost`
 * fires, and the next call starts another host.
 */
export class SessionHostClient extends Disposable {
  private readonly outputEmitter = this._register(new Emitter<SessionOutputEvent>());
  private readonly exitEmitter = this._register(new Emitter<SessionExitEvent>());
  private readonly lostEmitter = this._register(new Emitter<{ sessions: string[] }>());
  private readonly reattachEmitter = this._register(new Emitter<{ id: string; screen: SessionScreen }>());
  readonly onOutput = this.outputEmitter.event;
  readonly onExit = this.exitEmitter.event;
  /** Fires if the host died, with the ids of its lost sessions (those that this client knew to be live). */
  readonly onDidLoseHost = this.lostEmitter.event;
  /** Fires if a session was attached again after the connection broke: views have to show its new screen. */
  readonly onDidReattach = this.reattachEmitter.event;
  private readonly attached = new Set<string>();
  private readonly live = new Set<string>();
  /** Sessions that are being started: if the host dies meanwhile, the call is repeated on the next one. */
  private readonly starting = new Set<string>();
  private rpc: RpcClient | undefined;
  private host: ProcessIdentity | undefined;

  private constructor(private readonly provider: SessionProvider) {
    super();
  }

  /**
   * Connects to the town's session host, which is started if none answers.
   * @throws UserError `unavailable` if it cannot be started
   */
  static async connect(
    provider: SessionProvider,
    options: { reconnectTimeoutMs?: number | undefined } = {},
  ): Promise<SessionHostClient> {
    const client = new SessionHostClient(provider);
    const rpc = await RpcClient.open(() => client.openStreams(), options);
    client.rpc = client._register(rpc);
    client.listen(rpc);
    for (const session of await client.list()) if (!session.exited) client.live.add(session.id);
    return client;
  }

  /** Process of the host that was last connected to. */
  get hostProcess(): ProcessIdentity | undefined {
    return this.host;
  }

  async start(params: Params<typeof HostStart.spec>): Promise<ProcessIdentity> {
    // Added before the answer: a short program may end before that arrives.
    this.live.add(params.id);
    this.starting.add(params.id);
    try {
      return await this.caller.call(HostStart.spec, params);
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'conflict')) this.live.delete(params.id);
      throw error;
    } finally {
      this.starting.delete(params.id);
    }
  }

  /** All sessions, including ended ones with a record. */
  list(): Promise<SessionInfo[]> {
    return this.caller.call(HostList.spec, {});
  }

  async attach(id: string): Promise<SessionScreen> {
    this.attached.add(id);
    try {
      return await this.caller.call(HostAttach.spec, { id });
    } catch (error) {
      this.attached.delete(id);
      throw error;
    }
  }

  async detach(id: string): Promise<void> {
    this.attached.delete(id);
    await this.caller.call(HostDetach.spec, { id });
  }

  /** Sends input. @param options see `HostInput` */
  async input(id: string, data: string, options: { onlyAt?: number; byUser?: boolean } = {}): Promise<void> {
    await this.caller.call(HostInput.spec, { id, data, ...options });
  }

  async resize(id: string, cols: number, rows: number): Promise<void> {
    await this.caller.call(HostResize.spec, { id, cols, rows });
  }

  /** The visible screen as plain text. */
  async screen(id: string): Promise<string> {
    return (await this.view(id)).text;
  }

  /** The end of what a session has printed, also after it was dropped. @throws UserError `not-found` */
  async lastOutput(id: string): Promise<string> {
    return (await this.caller.call(HostLastOutput.spec, { id })).text;
  }

  /** The visible screen as plain text, with further facts that decide whether text may be typed. */
  view(id: string): Promise<ScreenView> {
    return this.caller.call(HostScreen.spec, { id });
  }

  async kill(id: string, signal: (typeof sessionSignals)[number] = 'SIGTERM'): Promise<void> {
    await this.caller.call(HostKill.spec, { id, signal });
  }

  /**
   * Drops an ended session. The host learns of a kill a moment later, and drops no live session, so the request is
   * repeated.
   */
  async forgetEnded(id: string): Promise<void> {
    for (let tries = FORGET_TRIES; ; tries -= 1) {
      try {
        return await this.forget(id);
      } catch (error) {
        if (tries === 0 || !(error instanceof UserError && error.code === 'conflict')) throw error;
        await new Promise((done) => setTimeout(done, FORGET_AGAIN_MS));
      }
    }
  }

  async forget(id: string): Promise<void> {
    await this.caller.call(HostForget.spec, { id });
    this.live.delete(id);
    this.attached.delete(id);
  }

  /** Sets whether the host restarts the server if it dies. */
  async watch(on: boolean, serverScript: string): Promise<void> {
    await this.caller.call(HostWatch.spec, { on, script: serverScript });
  }

  /** Ends every session and the host. The client cannot be used afterwards. */
  async shutdown(): Promise<void> {
    const host = this.host;
    this.live.clear();
    await this.caller.call(HostShutdown.spec, {});
    this.dispose();
    while (await this.lives(host)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  private get caller(): RpcClient {
    if (!this.rpc || this.isDisposed)
      throw new UserError('the connection to the session host was closed', undefined, 'unavailable');
    return this.rpc;
  }

  private async lives(host: ProcessIdentity | undefined): Promise<boolean> {
    return host !== undefined && (await this.provider.aliveAmong([host])).size > 0;
  }

  private async openStreams(): Promise<Connected> {
    const connected = await this.provider.openHost();
    const before = this.host;
    this.host = connected.process;
    // The host may have died and been replaced unnoticed.
    if (before && (before.pid !== this.host.pid || before.start !== this.host.start)) this.loseHost();
    return connected;
  }

  private listen(rpc: RpcClient): void {
    const subscriptions: IDisposable[] = [
      rpc.onNotification(HostOutput.spec, (output) => this.outputEmitter.fire(output)),
      rpc.onNotification(HostExit.spec, (exit) => this.exited(exit)),
      rpc.onClose(() => void this.recover()),
      rpc.onReconnect(() => void this.catchUp()),
    ];
    for (const subscription of subscriptions) this._register(subscription);
  }

  private exited(exit: SessionExitEvent): void {
    if (this.live.delete(exit.id)) this.exitEmitter.fire(exit);
  }

  /** Restores a broken connection, unless the host is dead. */
  private async recover(): Promise<void> {
    const host = this.host;
    // A killed process loses its sockets a moment before it is gone.
    for (let wait = 0; wait < 10 && (await this.lives(host)); wait++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const lives = await this.lives(host);
    if (this.isDisposed || !this.rpc || this.host !== host) return;
    if (lives) await this.rpc.reconnect().catch(() => undefined);
    else {
      this.host = undefined;
      this.loseHost();
    }
  }

  private loseHost(): void {
    const sessions = [...this.live].filter((id) => !this.starting.has(id));
    for (const id of sessions) this.live.delete(id);
    this.attached.clear();
    if (!this.isDisposed) this.lostEmitter.fire({ sessions });
  }

  /** Attaches sessions on a new connection, and reports missed events. */
  private async catchUp(): Promise<void> {
    try {
      for (const session of await this.list()) {
        if (session.exited) this.exited({ id: session.id, code: session.exited.code, signal: session.exited.signal });
      }
      for (const id of [...this.attached]) {
        const screen = await this.caller.call(HostAttach.spec, { id });
        this.reattachEmitter.fire({ id, screen });
      }
    } catch {
      // The connection broke again or the session is gone; the next connection brings the rest.
    }
  }
}
