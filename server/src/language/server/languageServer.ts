import { createConnection, type Connection, type InitializeResult } from 'vscode-languageserver';
import { createProtocolConnection } from 'vscode-languageserver-protocol/node';
import { BUILD, type Streams } from '../../protocol/transport';
import { FormulaLanguage, type FormulaLanguageOptions } from './formulaLanguage';

/**
 * The language server's side of one window. Each socket has its own connection and watchdog: `exit` and the end of the
 * stream close that connection, and never the process, which serves other windows too.
 */
export function languageServer(
  streams: Pick<Streams, 'reader' | 'writer'>,
  end: () => void,
  options: FormulaLanguageOptions,
): Connection {
  const watchDog = { shutdownReceived: false, initialize: () => undefined, exit: end };
  const connection = createConnection(
    (logger) => createProtocolConnection(streams.reader, streams.writer, logger),
    watchDog,
  );
  const formulas = new FormulaLanguage(connection, options);
  connection.onInitialize(
    (params): InitializeResult => ({
      serverInfo: { name: 'Gas Town', version: String(BUILD) },
      capabilities: formulas.initialize(params),
    }),
  );
  return connection;
}
