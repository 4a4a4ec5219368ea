import path from 'node:path';
import type { LogOutputChannel } from 'vscode';
import { TransportKind } from 'vscode-languageclient/node';
import { QuietClient } from '../../connection/quietClient';
import { formulaSelector } from './formulaServing';

/** The language features from a process only for this window. Used once: `FormulaServer` creates the next one. */
export class StandaloneClient extends QuietClient {
  /** Resolves when the process has ended. */
  readonly closed: Promise<void>;

  constructor(serverJs: string, output: LogOutputChannel) {
    let close: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    // Runs with VS Code's own Node, in the extension's folder rather than in a possibly untrusted one.
    const server = { module: serverJs, transport: TransportKind.stdio, options: { cwd: path.dirname(serverJs) } };
    super('gastown.formulas', 'Gas Town Formulas', server, formulaSelector, output, () => close());
    this.closed = closed;
  }
}
