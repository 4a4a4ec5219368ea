import path from 'node:path';
import type { LogOutputChannel } from 'vscode';
import { TransportKind } from 'vscode-languageclient/node';
import { formulaSelector } from '../../connection/formulaSelector';
import { QuietClient } from '../../connection/quietClient';

/** The language features from a process of the window's own. Lives once: `FormulaServer` makes the next one. */
export class StandaloneClient extends QuietClient {
  /** Settles when the process has ended, whoever ended it. */
  readonly closed: Promise<void>;

  constructor(serverJs: string, output: LogOutputChannel) {
    let close: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    // Beside its program, and not in a folder that the person may not trust. VS Code's own node runs it.
    const server = { module: serverJs, transport: TransportKind.stdio, options: { cwd: path.dirname(serverJs) } };
    super('gastown.formulas', 'Gas Town Formulas', server, formulaSelector, output, () => close());
    this.closed = closed;
  }
}
