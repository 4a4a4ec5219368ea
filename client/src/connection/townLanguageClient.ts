import type { LogOutputChannel } from 'vscode';
import type { Connected } from '../../../server/src/protocol/transport';
import { formulaSelector } from './formulaSelector';
import { QuietClient } from './quietClient';

/** The language client of one connection. It lives exactly as long as its socket, and `TownConnection` makes the next one, without limit. */
export class TownLanguageClient extends QuietClient {
  /** Settles when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;

  /** @param servesFormulas whether formulas of this window are for it, too */
  constructor(
    private readonly streams: Connected,
    output: LogOutputChannel,
    servesFormulas: boolean,
  ) {
    const closed = new Promise<void>((resolve) => {
      if (streams.socket.destroyed) resolve();
      else streams.socket.once('close', () => resolve());
    });
    super(
      'gastown',
      'Gas Town',
      async () => ({ reader: streams.reader, writer: streams.writer, detached: true }),
      servesFormulas ? formulaSelector : [],
      output,
    );
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
