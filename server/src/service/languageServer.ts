import { createConnection, type Connection, type InitializeResult, TextDocumentSyncKind } from 'vscode-languageserver';
import { createProtocolConnection } from 'vscode-languageserver-protocol/node';
import type { Streams } from '../protocol/transport';
import { BUILD } from '../protocol/transport';

/**
 * The language server's side of one window. Each socket has a connection and a watchdog of its own: `exit` and the
 * end of the stream close that connection, and never the process, which serves other windows too.
 */
export function languageServer(streams: Pick<Streams, 'reader' | 'writer'>, end: () => void): Connection {
  const watchDog = { shutdownReceived: false, initialize: () => undefined, exit: end };
  const connection = createConnection((logger) => createProtocolConnection(streams.reader, streams.writer, logger), watchDog);
  connection.onInitialize((): InitializeResult => ({
    serverInfo: { name: 'Gas Town', version: String(BUILD) },
    capabilities: { textDocumentSync: TextDocumentSyncKind.None },
  }));
  return connection;
}
