import path from 'node:path';
import type { LogOutputChannel } from 'vscode';
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, TransportKind } from 'vscode-languageclient/node';
import { formulaSelector } from './formulaSelector';

/** The language features from a process of the window's own. Lives once: `FormulaServer` makes the next one. */
export class StandaloneClient extends LanguageClient {
  /** Settles when the process has ended, whoever ended it. */
  readonly closed: Promise<void>;

  constructor(serverJs: string, output: LogOutputChannel) {
    let close: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => { close = resolve; });
    // Beside its program, and not in a folder that the person may not trust. VS Code's own node runs it.
    const server = { module: serverJs, transport: TransportKind.stdio, options: { cwd: path.dirname(serverJs) } };
    super('gastown.formulas', 'Gas Town Formulas', server, {
      documentSelector: formulaSelector,
      outputChannel: output,
      traceOutputChannel: output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          close();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    });
    this.closed = closed;
  }

  /** The language status says that it is gone; the library's own messages would only repeat it. */
  override error(message: string, data?: unknown, _showNotification?: boolean | 'force'): void {
    super.error(message, data, false);
  }

  async end(): Promise<void> {
    try {
      await this.dispose(1_000);
    } catch {
      // It never started, or is gone already.
    }
  }
}
