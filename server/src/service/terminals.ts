import { UserError } from '../base/errors';
import { Disposable } from '../base/lifecycle';
import type { SessionManager } from '../engine/adapters/sessions';
import type { CallContext, Dispatcher } from '../protocol/dispatcher';
import type { NotificationSpec } from '../protocol/request';
import { SessionAttach, SessionDetach, SessionExit, SessionInput, SessionOutput, SessionResize } from '../protocol/town';
import type { SessionHostClient } from '../sessions/client';

/** Sends to one connection. */
export type Notify = <P>(connection: string, spec: NotificationSpec<P>, params: P) => void;

/** Relays terminals between windows and the session host. Output goes to the windows that show it, and to no other. */
export class Terminals extends Disposable {
  private readonly viewers = new Map<string, Set<string>>();
  private readonly relayed = new WeakSet<SessionHostClient>();

  constructor(
    private readonly sessions: SessionManager,
    private readonly notify: Notify,
  ) {
    super();
  }

  register(dispatcher: Dispatcher): void {
    dispatcher.on(SessionAttach.spec, async ({ session }, context) => {
      const client = await this.hostOf();
      const screen = await client.attach(session);
      let viewers = this.viewers.get(session);
      if (!viewers) this.viewers.set(session, (viewers = new Set()));
      viewers.add(connectionOf(context));
      return screen;
    });
    dispatcher.on(SessionDetach.spec, async ({ session }, context) => {
      await this.leave(session, connectionOf(context));
      return null;
    });
    dispatcher.on(SessionInput.spec, async ({ session, data }) => {
      await (await this.hostOf()).input(session, data);
      return null;
    });
    dispatcher.on(SessionResize.spec, async ({ session, cols, rows }) => {
      await (await this.hostOf()).resize(session, cols, rows);
      return null;
    });
  }

  /** A closed window looks at nothing any more. */
  async disconnected(connection: string): Promise<void> {
    for (const session of [...this.viewers.keys()]) await this.leave(session, connection).catch(() => undefined);
  }

  private async leave(session: string, connection: string): Promise<void> {
    const viewers = this.viewers.get(session);
    if (!viewers?.delete(connection) || viewers.size > 0) return;
    this.viewers.delete(session);
    await (await this.hostOf()).detach(session);
  }

  private async hostOf(): Promise<SessionHostClient> {
    const client = await this.sessions.client();
    if (this.relayed.has(client)) return client;
    this.relayed.add(client);
    this._register(client.onOutput(({ id, sequence, data }) => this.tell(id, SessionOutput.spec, { session: id, sequence, data })));
    this._register(client.onExit(({ id, code, signal }) => this.tell(id, SessionExit.spec, { session: id, code, signal })));
    this._register(client.onDidReattach(({ id, screen }) => {
      // What views show may lack output: the whole screen again, after a full reset of the terminal.
      this.tell(id, SessionOutput.spec, { session: id, sequence: screen.sequence, data: `\x1bc${screen.screen}` });
    }));
    this._register(client.onDidLoseHost(({ sessions }) => {
      for (const id of sessions) this.tell(id, SessionExit.spec, { session: id, code: null, signal: 'SIGHUP' });
    }));
    return client;
  }

  private tell<P>(session: string, spec: NotificationSpec<P>, params: P): void {
    for (const connection of this.viewers.get(session) ?? []) this.notify(connection, spec, params);
  }
}

function connectionOf(context: CallContext): string {
  if (context.connection === undefined) throw new UserError('a terminal needs a connection');
  return context.connection;
}
