import type { LogOutputChannel } from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
  type ServerOptions,
} from 'vscode-languageclient/node';

/**
 * A language client that lives once and says nothing by itself: whoever made it makes the next one, and the views and
 * the status say how it stands. The library would restart it a few times, and repeat the rest in messages.
 */
export abstract class QuietClient extends LanguageClient {
  /** @param closed told when the connection has ended */
  constructor(
    id: string,
    name: string,
    server: ServerOptions,
    documentSelector: LanguageClientOptions['documentSelector'],
    output: LogOutputChannel,
    closed: () => void = () => undefined,
  ) {
    super(id, name, server, { ...quiet(closed), documentSelector, outputChannel: output, traceOutputChannel: output });
  }

  override error(message: string, data?: unknown, _showNotification?: boolean | 'force'): void {
    super.error(message, data, false);
  }

  /** Says goodbye where that is possible. Settles in any case. */
  async end(): Promise<void> {
    try {
      await this.dispose(1_000);
    } catch {
      // It never started, or the other side was faster.
    }
  }
}

function quiet(closed: () => void): LanguageClientOptions {
  return {
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  };
}
