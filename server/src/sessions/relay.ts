import { messageOf, UserError } from '../base/errors';
import { Disposable } from '../base/lifecycle';
import type { SessionManager } from './manager';
import type { CallContext, Dispatcher } from '../protocol/dispatcher';
import type { NotificationSpec } from '../protocol/request';
import {
  SessionAttach,
  SessionDetach,
  SessionExit,
  SessionInput,
  SessionOutput,
  SessionResize,
  type SessionScreen,
} from '../protocol/town';
import type { SessionHostClient } from './hostClient';
import { isTerminalReply } from './terminalReplies';

/** The windows that show terminals. */
export interface Windows {
  notify<P>(connection: string, spec: NotificationSpec<P>, params: P): void;
  /** Bytes that a window has not read yet. */
  backlog(connection: string): number;
}

/** A window that lags by more than this gets no output until it has caught up; then it gets the whole screen. */
const MAX_BACKLOG_BYTES = 4_000_000;
const CATCH_UP_MS = 250;
/** Longest pause between two attempts to send a screen. */
const MAX_RESEND_MS = 10_000;

/** Relays terminals between windows and the session host. Output goes to the windows that show it, and to no others. */
export class TerminalRelay extends Disposable {
  /** Connections that show a session, in order of arrival, by session. The first one answers terminal queries. */
  private readonly viewers = new Map<string, Set<string>>();
  private readonly lagging = new Set<string>();
  private readonly relayed = new WeakSet<SessionHostClient>();

  constructor(
    private readonly sessions: Pick<SessionManager, 'client'>,
    private readonly windows: Windows,
    private readonly log: { error(text: string): void },
  ) {
    super();
  }

  register(dispatcher: Dispatcher): void {
    dispatcher.on(SessionAttach.spec, ({ session }, context) => this.attach(session, connectionOf(context)));
    dispatcher.on(SessionDetach.spec, async ({ session }, context) => {
      await this.leave(session, connectionOf(context));
      return null;
    });
    dispatcher.on(SessionInput.spec, async ({ session, data }, context) => {
      // Two windows on one session would both answer the program's queries: the second answer reads as typed text.
      if (isTerminalReply(data) && !this.answers(session, context.connection)) return null;
      await (await this.hostOf()).input(session, data, { byUser: true });
      return null;
    });
    dispatcher.on(SessionResize.spec, async ({ session, cols, rows }) => {
      await (await this.hostOf()).resize(session, cols, rows);
      return null;
    });
  }

  /** A closed window views no session. */
  async disconnected(connection: string): Promise<void> {
    for (const session of [...this.viewers.keys()]) {
      await this.leave(session, connection).catch((error: unknown) =>
        this.log.error(`detaching from ${session}: ${messageOf(error)}`),
      );
    }
  }

  private async attach(session: string, connection: string): Promise<SessionScreen> {
    const screen = await (await this.hostOf()).attach(session);
    if (screen.exited) return screen;
    let viewers = this.viewers.get(session);
    if (!viewers) this.viewers.set(session, (viewers = new Set()));
    viewers.add(connection);
    return screen;
  }

  private async leave(session: string, connection: string): Promise<void> {
    const viewers = this.viewers.get(session);
    if (!viewers?.delete(connection)) return;
    this.lagging.delete(lagKey(session, connection));
    if (viewers.size > 0) return;
    this.viewers.delete(session);
    await (await this.hostOf()).detach(session);
  }

  private answers(session: string, connection: string | undefined): boolean {
    const [first] = this.viewers.get(session) ?? [];
    return first === connection;
  }

  private async hostOf(): Promise<SessionHostClient> {
    const client = await this.sessions.client();
    if (this.relayed.has(client)) return client;
    this.relayed.add(client);
    this._register(client.onOutput(({ id, sequence, data }) => this.output(id, sequence, data)));
    this._register(client.onExit(({ id, code, signal }) => this.ended(id, { session: id, code, signal })));
    // Views may lack output: send the whole screen again.
    this._register(client.onDidReattach(({ id, screen }) => this.output(id, screen.sequence, screen.screen, true)));
    this._register(
      client.onDidLoseHost(({ sessions }) => {
        for (const id of sessions) this.ended(id, { session: id, code: null, signal: 'SIGHUP' });
      }),
    );
    return client;
  }

  private output(session: string, sequence: number, data: string, isScreen = false): void {
    for (const connection of this.viewers.get(session) ?? []) {
      if (this.lagging.has(lagKey(session, connection))) continue;
      if (this.windows.backlog(connection) > MAX_BACKLOG_BYTES) this.waitForDrain(session, connection);
      else this.windows.notify(connection, SessionOutput.spec, { session, sequence, data, isScreen });
    }
  }

  /** A lagging view gets no output until its window has read its backlog, and then the whole screen. */
  private waitForDrain(session: string, connection: string): void {
    this.lagging.add(lagKey(session, connection));
    this.checkDrained(session, connection, CATCH_UP_MS);
  }

  private checkDrained(session: string, connection: string, waitMs: number): void {
    setTimeout(() => {
      if (this.isDisposed || !this.viewers.get(session)?.has(connection)) return;
      if (this.windows.backlog(connection) > MAX_BACKLOG_BYTES / 4)
        return this.checkDrained(session, connection, CATCH_UP_MS);
      this.resend(session, connection).catch((error: unknown) => {
        this.log.error(`screen of ${session}: ${messageOf(error)}`);
        this.checkDrained(session, connection, Math.min(waitMs * 2, MAX_RESEND_MS));
      });
    }, waitMs).unref();
  }

  private async resend(session: string, connection: string): Promise<void> {
    const screen = await (await this.hostOf()).attach(session);
    this.lagging.delete(lagKey(session, connection));
    if (!this.viewers.get(session)?.has(connection)) return;
    this.windows.notify(connection, SessionOutput.spec, {
      session,
      sequence: screen.sequence,
      data: screen.screen,
      isScreen: true,
    });
  }

  /** Notifies the viewers of an ended session, and drops them. */
  private ended(session: string, exit: { session: string; code: number | null; signal: string | null }): void {
    const viewers = this.viewers.get(session) ?? [];
    this.viewers.delete(session);
    for (const connection of viewers) {
      this.lagging.delete(lagKey(session, connection));
      this.windows.notify(connection, SessionExit.spec, exit);
    }
  }
}

function lagKey(session: string, connection: string): string {
  return `${connection} ${session}`;
}

function connectionOf(context: CallContext): string {
  if (context.connection === undefined) throw new UserError('a terminal needs a connection');
  return context.connection;
}
