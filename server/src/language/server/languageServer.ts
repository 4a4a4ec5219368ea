import { createConnection, type Connection, type InitializeResult } from 'vscode-languageserver';
import { createProtocolConnection } from 'vscode-languageserver-protocol/node';
import type { Streams } from '../../protocol/transport';
import { BUILD } from '../../protocol/transport';
import { FormulaLanguage } from './formulaLanguage';

/**
 * The language server's side of one window. Each socket has a connection and a watchdog of its own: `exit` and the
 * end of the stream close that connection, and never the process, which serves other windows too.
 * @param town the root of the town, whose formulas can be named
 */
export function languageServer(
  streams: Pick<Streams, 'reader' | 'writer'>,
  end: () => void,
  town?: string,
): Connection {
  const watchDog = { shutdownReceived: false, initialize: () => undefined, exit: end };
  const connection = createConnection(
    (logger) => createProtocolConnection(streams.reader, streams.writer, logger),
    watchDog,
  );
  const formulas = new FormulaLanguage(connection, town);
  connection.onInitialize(
    (params): InitializeResult => ({
      serverInfo: { name: 'Gas Town', version: String(BUILD) },
      capabilities: formulas.initialize(params),
    }),
  );
  return connection;
}
