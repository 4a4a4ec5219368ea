import type { LogOutputChannel } from 'vscode';
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from 'vscode-languageclient/node';
import type { Connected } from '../../../server/src/protocol/transport';
import { formulaSelector } from '../language/formulaSelector';

/**
 * The language client of one connection. The library would restart a fixed number of times and give up; here a
 * client lives exactly as long as its socket, and `TownConnection` makes the next one, without limit.
 */
export class TownLanguageClient extends LanguageClient {
  /** Settles when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;

  /** @param servesFormulas whether formulas of this window are for it, too */
  constructor(private readonly streams: Connected, output: LogOutputChannel, servesFormulas: boolean) {
    const closed = new Promise<void>((resolve) => {
      if (streams.socket.destroyed) resolve();
      else streams.socket.once('close', () => resolve());
    });
    super('gastown', 'Gas Town', async () => ({ reader: streams.reader, writer: streams.writer, detached: true }), {
      documentSelector: servesFormulas ? formulaSelector : [],
      outputChannel: output,
      traceOutputChannel: output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    });
    this.closed = closed;
  }

  get isClosed(): boolean {
    return this.streams.socket.destroyed;
  }

  /** A lost server is shown in the view and the status bar; the library's own messages would only repeat it. */
  override error(message: string, data?: unknown, _showNotification?: boolean | 'force'): void {
    super.error(message, data, false);
  }

  /** Says goodbye where that is possible and closes the socket in any case. */
  async end(): Promise<void> {
    try {
      await this.dispose(1_000);
    } catch {
      // It never started, or the other side was faster.
    } finally {
      this.streams.socket.destroy();
    }
  }
}
