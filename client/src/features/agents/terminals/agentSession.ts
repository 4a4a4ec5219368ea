import { messageOf } from '../../../../../server/src/base/errors';
import { Disposable } from '../../../../../server/src/base/lifecycle';
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
import { l10n } from '../../../base/l10n';
import type { Log } from '../../../base/log';
import type { ServerConnection } from '../../../state/townSync';

export interface Size {
  cols: number;
  rows: number;
}

/** What a terminal of the editor can be told. */
export interface Screen {
  write(data: string): void;
  /** Makes the terminal exactly as large as the session; undefined gives it its own size back. */
  fixSize(size: Size | undefined): void;
}

/** Full reset of a terminal: modes, colours, screen and scrollback. */
const RESET = '\x1bc';
/** A paste may be long, but not without bound. */
const MAX_TYPED = 500_000;

/**
 * Shows whatever session an agent has: attaches to it, to its successor, and again after the connection was made
 * anew. Free of VS Code, so that it is tested against a socket.
 */
export class AgentSession extends Disposable {
  private agent: AgentInfo | undefined;
  /** The session that is shown, or was shown last. */
  private session: string | undefined;
  private attached = false;
  private attaching = false;
  private ended: string | undefined;
  private sequence = 0;
  private early: { sequence: number; data: string }[] = [];
  private note: string | undefined;
  private size: Size | undefined;
  /** The session has this window's size: the person typed in it here, or opened it here. */
  private owner = false;
  private sizeOfSession: Size | undefined;
  private typed = '';
  private sending = false;

  constructor(
    readonly address: string,
    private readonly link: ServerConnection,
    private readonly screen: Screen,
    private readonly log: Log,
  ) {
    super();
    this._register(link.onNotification(SessionOutput.spec, (output) => this.receive(output)));
    this._register(link.onNotification(SessionExit.spec, (exit) => this.exited(exit)));
  }

  /** What is known of the agent now, and whether there is a connection. Call after every change of either. */
  update(agent: AgentInfo | undefined, connected: boolean): void {
    this.agent = agent;
    if (!connected) {
      this.attached = false;
      return;
    }
    const wanted = agent?.session;
    if (wanted !== undefined && wanted !== this.ended) {
      if (!this.attached || this.session !== wanted) void this.attach(wanted);
      return;
    }
    // While attached, the notification of its exit follows behind its last output.
    if (this.attached || this.attaching) return;
    if (this.session === undefined)
      this.say(
        l10n.t('{0} has no session now. Its terminal appears here when it starts.', agent?.name ?? this.address),
      );
    else if (this.ended !== this.session) this.endedUnseen(this.session);
  }

  /** The size of the terminal that shows us. */
  resize(size: Size, focused: boolean): void {
    this.size = size;
    if (this.owner && focused) this.sendSize();
    else if (this.attached) this.fitToSession();
  }

  /** From now on the session follows the size of this window. */
  claimSize(): void {
    if (this.owner) return;
    this.owner = true;
    this.screen.fixSize(undefined);
    this.sendSize();
  }

  /** Another window may have typed since. */
  releaseSize(): void {
    this.owner = false;
  }

  input(data: string): void {
    if (this.session === undefined || this.session === this.ended) return;
    this.claimSize();
    // While the connection is being made anew, what is typed waits for it.
    this.typed = (this.typed + data).slice(0, MAX_TYPED);
    void this.send();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    if (this.attached && this.session !== undefined) {
      this.link.call(SessionDetach.spec, { session: this.session }, { repeat: false }).catch(() => undefined);
    }
    super.dispose();
  }

  private async attach(session: string): Promise<void> {
    if (this.attaching) return; // the next update tries again
    this.attaching = true;
    this.early = [];
    const previous = this.session;
    if (this.attached && previous !== undefined && previous !== session) {
      this.attached = false;
      this.link.call(SessionDetach.spec, { session: previous }, { repeat: false }).catch(() => undefined);
    }
    if (previous !== session) this.typed = '';
    this.session = session;
    try {
      // First the size, so that the program draws for the room that there is.
      if (this.owner && this.size)
        await this.link.call(SessionResize.spec, { session, ...this.size }, { repeat: false });
      const screen = await this.link.call(SessionAttach.spec, { session }, { repeat: false });
      if (this.isDisposed) {
        this.link.call(SessionDetach.spec, { session }, { repeat: false }).catch(() => undefined);
        return;
      }
      this.show(session, screen);
    } catch (error) {
      this.session = previous;
      this.log.warn(`${this.address}: cannot attach to ${session}: ${messageOf(error)}`);
      this.say(l10n.t('The terminal of {0} cannot be shown: {1}', this.address, messageOf(error)));
    } finally {
      this.attaching = false;
    }
    // It may have changed while we waited.
    const now = this.agent?.session;
    if (this.attached && now !== undefined && now !== session && now !== this.ended) void this.attach(now);
  }

  private show(session: string, screen: SessionScreen): void {
    this.attached = true;
    this.note = undefined;
    this.sequence = screen.sequence;
    this.sizeOfSession = { cols: screen.cols, rows: screen.rows };
    this.fitToSession();
    this.screen.write(RESET + screen.screen);
    for (const output of this.early.splice(0)) this.write(output);
    if (screen.exited) this.exited({ session, ...screen.exited });
    else void this.send();
  }

  private fitToSession(): void {
    if (this.owner || !this.sizeOfSession) return;
    const { size, sizeOfSession: wanted } = this;
    this.screen.fixSize(size && size.cols === wanted.cols && size.rows === wanted.rows ? undefined : wanted);
  }

  private receive(output: { session: string; sequence: number; data: string }): void {
    if (output.session !== this.session) return;
    if (this.attaching) this.early.push(output);
    else if (this.attached) this.write(output);
  }

  private write(output: { sequence: number; data: string }): void {
    if (output.sequence <= this.sequence && !output.data.startsWith(RESET)) return;
    this.sequence = output.sequence;
    this.screen.write(output.data);
  }

  private exited(exit: { session: string; code: number | null; signal: string | null }): void {
    if (exit.session !== this.session || this.ended === exit.session) return;
    this.ended = exit.session;
    this.attached = false;
    this.typed = '';
    this.note = undefined;
    const how =
      exit.signal !== null ? l10n.t('ended by {0}', exit.signal) : l10n.t('ended with exit code {0}', exit.code ?? '?');
    this.say(l10n.t('Session {0}. The next one of {1} appears here.', how, this.agent?.name ?? this.address));
  }

  /** It ended while there was no connection. */
  private endedUnseen(session: string): void {
    this.ended = session;
    this.say(l10n.t('The session has ended. The next one of {0} appears here.', this.agent?.name ?? this.address));
  }

  /** A dim line of our own, once until something else is shown. */
  private say(text: string): void {
    if (this.note === text) return;
    this.note = text;
    this.screen.write(`\x1b[0m\r\n\x1b[2m${text.replace(/[\u0000-\u001f]/g, ' ')}\x1b[0m\r\n`);
  }

  private sendSize(): void {
    if (!this.attached || this.session === undefined || !this.size) return;
    this.sizeOfSession = this.size;
    this.link
      .call(SessionResize.spec, { session: this.session, ...this.size }, { repeat: false })
      .catch((error: unknown) => this.log.debug(`resize of ${this.address}: ${messageOf(error)}`));
  }

  /** One call at a time: what is typed must arrive in order. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.typed !== '' && this.attached && this.session !== undefined) {
        const data = this.typed;
        this.typed = '';
        await this.link.call(SessionInput.spec, { session: this.session, data }, { repeat: false });
      }
    } catch (error) {
      this.log.warn(`typing to ${this.address}: ${messageOf(error)}`);
    } finally {
      this.sending = false;
    }
  }
}
