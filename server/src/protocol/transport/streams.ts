import type { Duplex } from 'node:stream';
import type { MessageReader, MessageWriter } from 'vscode-jsonrpc/node';
import type { ProcessIdentity } from '../../base/process';
import type { Welcome } from './handshake';

/** A connection after its handshake. */
export interface Streams {
  reader: MessageReader;
  writer: MessageWriter;
  /** For backpressure (`writableLength`) and for closing this one connection. */
  socket: Duplex;
}

/** A client's side of a connection. */
export interface Connected extends Streams {
  welcome: Welcome;
  /** The program at the other end. */
  process: ProcessIdentity;
}
