import { messageOf } from '../../../../../server/src/base/errors';
import { Disposable, toDisposable } from '../../../../../server/src/base/lifecycle';
import {
  SessionAttach,
  SessionDetach,
  SessionExit,
  SessionInput,
  SessionOutput,
  SessionResize,
  type AgentInfo,
  type SessionScreen,
} from '../../../../../server/src/protocol/town';
import { l10n, type Log } from '../../../base/editor';
import { backoff } from '../../../connection/backoff';
import type { ServerConnection } from '../../../connection/serverConnection';

export interface Size {
  cols: number;
  rows: number;
}

/** The terminal of the editor that shows the session. */
export interface Screen {
  write(data: string): void;
  /** Sets the terminal to the size of the session; undefined restores its own size. */
  fixSize(size: Size | undefined): void;
}

/** Full reset of a terminal: modes, colours, screen and scrollback. It is followed by the whole screen. */
const RESET = '\x1bc';
/** Maximum size of unsent input, in UTF-16 units. */
const MAX_INPUT = 500_000;

/**
 * Shows the current session of an agent: attaches to it, to its successor, and again after a reconnect or a failed
 * attempt. Independent of VS Code, so that it can be tested with a socket.
 */
export class AgentSession extends Disposable {
  private agent: AgentInfo | undefined;
  private connected = false;
  /** The session that is shown, or was the last one. */
  private session: string | undefined;
  private attached = false;
  private attaching = false;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  /** The session whose end has been shown. */
  private ended: string | undefined;
  private sequence = 0;
  /** Output that arrives before the answer to `attach`. */
  private early: SessionOutput.Params[] = [];
  private note: string | undefined;
  private size: Size | undefined;
  /** The session follows the size of this window, because the user last typed in it or opened it here. */
  private ownsSize = false;
  private sessionSize: Size | undefined;
  private input = '';
  private sending = false;

  constructor(
    readonly address: string,
    private readonly connection: ServerConnection,
    private readonly screen: Screen,
    private readonly log: Log,
  ) {
    super();
    this._register(connection.onNotification(SessionOutput.spec, (output) => this.receive(output)));
    this._register(connection.onNotification(SessionExit.spec, (exit) => this.showExit(exit)));
    this._register(toDisposable(() => clearTimeout(this.retry)));
  }

  /** Call after every change of the agent or of the connection. */
  update(agent: AgentInfo | undefined, connected: boolean): void {
    this.agent = agent;
    if (connected !== this.connected) this.failures = 0;
    this.connected = connected;
    if (!connected) {
      this.attached = false;
      return;
    }
    const wanted = agent?.session;
    if (wanted !== undefined && wanted !== this.ended) {
      if ((!this.attached || this.session !== wanted) && !this.retry) void this.attach(wanted);
      return;
    }
    // While attached, the notification of the exit follows the last output.
    if (this.attached || this.attaching) return;
    if (this.session === undefined)
      this.showNote(
        l10n.t('{0} has no session now. Its terminal appears here when it starts.', agent?.name ?? this.address),
      );
    else if (this.ended !== this.session) this.showUnseenExit(this.session);
  }

  /** The size of the terminal that shows the session. */
  resize(size: Size, focused: boolean): void {
    this.size = size;
    if (this.ownsSize && focused) this.sendSize();
    else if (this.attached) this.fitToSession();
  }

  /** Makes the session follow the size of this window. */
  claimSize(): void {
    if (this.ownsSize) return;
    this.ownsSize = true;
    this.screen.fixSize(undefined);
    this.sendSize();
  }

  /** Lets another window decide the size. */
  releaseSize(): void {
    this.ownsSize = false;
  }

  /**
   * Sends the user's input, which is buffered without a connection. Input that a broken connection loses is not
   * repeated.
   */
  type(data: string): void {
    if (this.session === undefined || this.session === this.ended) return;
    this.claimSize();
    this.input = (this.input + data).slice(0, MAX_INPUT);
    void this.sendInput();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    if (this.attached && this.session !== undefined) this.detach(this.session);
    super.dispose();
  }

  private detach(session: string): void {
    this.connection
      .call(SessionDetach.spec, { session }, { repeat: false })
      .catch((error: unknown) => this.log.debug(`detaching from ${session}: ${messageOf(error)}`));
  }

  private async attach(session: string): Promise<void> {
    if (this.attaching) return; // the update after this attempt tries again
    this.attaching = true;
    this.early = [];
    const previous = this.session;
    if (this.attached && previous !== undefined && previous !== session) {
      this.attached = false;
      this.detach(previous);
    }
    if (previous !== session) this.input = '';
    this.session = session;
    try {
      // The size first, so that the program draws for the available space.
      if (this.ownsSize && this.size)
        await this.connection.call(SessionResize.spec, { session, ...this.size }, { repeat: false });
      const screen = await this.connection.call(SessionAttach.spec, { session }, { repeat: false });
      if (this.isDisposed) {
        this.detach(session);
        return;
      }
      this.failures = 0;
      this.showScreen(session, screen);
    } catch (error) {
      this.session = previous;
      this.log.warn(`${this.address}: cannot attach to ${session}: ${messageOf(error)}`);
      this.showNote(l10n.t('Cannot show the terminal of {0}: {1}', this.address, messageOf(error)));
      this.retryLater();
    } finally {
      this.attaching = false;
    }
    // The agent may have a new session by now.
    const now = this.agent?.session;
    if (this.attached && now !== undefined && now !== session && now !== this.ended) void this.attach(now);
  }

  private retryLater(): void {
    if (this.isDisposed || !this.connected) return;
    this.retry = setTimeout(
      () => {
        this.retry = undefined;
        this.update(this.agent, this.connected);
      },
      backoff(++this.failures),
    );
  }

  private showScreen(session: string, screen: SessionScreen): void {
    this.attached = true;
    this.note = undefined;
    this.sequence = screen.sequence;
    this.sessionSize = { cols: screen.cols, rows: screen.rows };
    this.fitToSession();
    this.screen.write(RESET + screen.screen);
    for (const output of this.early.splice(0)) this.write(output);
    if (screen.exited) this.showExit({ session, ...screen.exited });
    else void this.sendInput();
  }

  private fitToSession(): void {
    if (this.ownsSize || !this.sessionSize) return;
    const { size, sessionSize: wanted } = this;
    this.screen.fixSize(size && size.cols === wanted.cols && size.rows === wanted.rows ? undefined : wanted);
  }

  private receive(output: SessionOutput.Params): void {
    if (output.session !== this.session) return;
    if (this.attaching) this.early.push(output);
    else if (this.attached) this.write(output);
  }

  private write({ sequence, data, isScreen }: SessionOutput.Params): void {
    if (sequence <= this.sequence && !isScreen) return;
    this.sequence = sequence;
    this.screen.write(isScreen ? RESET + data : data);
  }

  private showExit(exit: { session: string; code: number | null; signal: string | null }): void {
    if (exit.session !== this.session || this.ended === exit.session) return;
    this.markEnded(exit.session);
    const how =
      exit.signal !== null
        ? l10n.t('was ended by {0}', exit.signal)
        : l10n.t('ended with exit code {0}', exit.code ?? '?');
    this.showNote(l10n.t('The session {0}. The next one of {1} appears here.', how, this.agent?.name ?? this.address));
  }

  /** The session ended while there was no connection. */
  private showUnseenExit(session: string): void {
    this.markEnded(session);
    this.showNote(l10n.t('The session has ended. The next one of {0} appears here.', this.agent?.name ?? this.address));
  }

  private markEnded(session: string): void {
    this.ended = session;
    this.attached = false;
    this.input = '';
    this.early = [];
    this.note = undefined;
  }

  /** Writes a dimmed status line; consecutive duplicates are dropped. */
  private showNote(text: string): void {
    if (this.note === text) return;
    this.note = text;
    this.screen.write(`\x1b[0m\r\n\x1b[2m${text.replace(/[\u0000-\u001f]/g, ' ')}\x1b[0m\r\n`);
  }

  private sendSize(): void {
    if (!this.attached || this.session === undefined || !this.size) return;
    this.sessionSize = this.size;
    this.connection
      .call(SessionResize.spec, { session: this.session, ...this.size }, { repeat: false })
      .catch((error: unknown) => this.log.debug(`resizing ${this.address}: ${messageOf(error)}`));
  }

  /** One request at a time, so that the input arrives in order. */
  private async sendInput(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.input !== '' && this.attached && this.session !== undefined) {
        const data = this.input;
        this.input = '';
        await this.connection.call(SessionInput.spec, { session: this.session, data }, { repeat: false });
      }
    } catch (error) {
      this.log.warn(`sending input to ${this.address}: ${messageOf(error)}`);
    } finally {
      this.sending = false;
    }
  }
}
