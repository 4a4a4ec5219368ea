import type { LogOutputChannel } from 'vscode';
import type { LanguageClientOptions } from 'vscode-languageclient/node';
import type { Connected } from '../../../server/src/protocol/transport';
import { QuietClient } from './quietClient';

/**
 * The language client of one connection. It exists exactly as long as its socket; `TownConnection` creates the next
 * one.
 */
export class TownLanguageClient extends QuietClient {
  /** Resolves when the connection has ended, at either side. */
  readonly closed: Promise<void>;

  /** @param documents the formulas that the town's server serves */
  constructor(
    private readonly streams: Connected,
    output: LogOutputChannel,
    documents: LanguageClientOptions['documentSelector'],
  ) {
    const closed = new Promise<void>((resolve) => {
      if (streams.socket.destroyed) resolve();
      else streams.socket.once('close', () => resolve());
    });
    const { reader, writer } = streams;
    super('gastown', 'Gas Town', async () => ({ reader, writer, detached: true }), documents, output);
    this.closed = closed;
  }

  get isClosed(): boolean {
    return this.streams.socket.destroyed;
  }

  override async end(): Promise<void> {
    try {
      await super.end();
    } finally {
      this.streams.socket.destroy();
    }
  }
}
