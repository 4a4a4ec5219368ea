import type { LogOutputChannel } from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
  type ServerOptions,
} from 'vscode-languageclient/node';
import { messageOf } from '../../../server/src/base/errors';

/** Time limit for the server's answer to `shutdown`. */
const SHUTDOWN_LIMIT_MS = 1_000;

/**
 * A language client that is used for one connection and shows no messages: its owner creates the next one, and views
 * and status items show the state. The library itself would restart it a few times and then show notifications.
 */
export abstract class QuietClient extends LanguageClient {
  /** @param closed called when the connection has ended */
  constructor(
    id: string,
    name: string,
    server: ServerOptions,
    documentSelector: LanguageClientOptions['documentSelector'],
    private readonly output: LogOutputChannel,
    closed: () => void = () => undefined,
  ) {
    super(id, name, server, {
      ...quietOptions(closed),
      documentSelector,
      outputChannel: output,
      traceOutputChannel: output,
    });
  }

  override error(message: string, data?: unknown, _showNotification?: boolean | 'force'): void {
    super.error(message, data, false);
  }

  /** Shuts the other side down if it still answers. Never rejects. */
  async end(): Promise<void> {
    try {
      await this.dispose(SHUTDOWN_LIMIT_MS);
    } catch (error) {
      // The client never started, or the other side ended first.
      this.output.debug(`ending the language client: ${messageOf(error)}`);
    }
  }
}

function quietOptions(closed: () => void): LanguageClientOptions {
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
