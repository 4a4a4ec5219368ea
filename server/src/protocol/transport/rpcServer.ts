import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { createMessageConnection, SocketMessageWriter, type MessageConnection } from 'vscode-jsonrpc/node';
import { identify, isAlive } from '../../base/process';
import { prepareSocketDirectory, socketAddress } from './address';
import { readEndpoint, removeEndpoint, writeEndpoint } from './endpointFile';
import { greetClient } from './greetClient';
import type { Acceptance, Hello } from './handshake';
import { LimitedReader } from './limitedReader';
import type { Streams } from './streams';
import { BUILD, PROTOCOL } from './version';

export interface ListenOptions {
  /** What the program serves: a town's root or a ledger's folder. */
  root: string;
  purpose: 'server' | 'host' | 'ledger';
  /** Written once the socket listens, removed by `close()`. */
  endpointFile: string;
  accept(hello: Hello): Acceptance | Promise<Acceptance>;
  /**
   * A client that proved itself. Nothing is read before `connection.listen()` is called; or another kind of connection,
   * such as a language server's, is created from the streams.
   */
  onConnection(connection: MessageConnection, hello: Hello, streams: Streams): void;
  /** Failed handshakes and broken connections, in one line. */
  log?(message: string): void;
  protocol?: number;
  build?: number;
  handshakeTimeoutMs?: number;
}

export interface RpcServer {
  readonly socketPath: string;
  /** Restores the endpoint file if it was removed or changed. */
  keepEndpoint(): void;
  /** Stops listening, closes every connection and removes the endpoint file. */
  close(): Promise<void>;
}

/** Listens for the clients of one program of a town. The caller holds that program's lease. */
export async function listen(options: ListenOptions): Promise<RpcServer> {
  const key = randomBytes(32).toString('hex');
  const address = socketAddress(options.root, options.purpose, randomBytes(8).toString('hex'));
  if (address.directory) prepareSocketDirectory(address.directory);
  removeStaleSocket(options.endpointFile, address.directory);

  const protocol = options.protocol ?? PROTOCOL;
  const build = options.build ?? BUILD;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    greetClient(socket, key, (hello) => options.accept(hello), {
      protocol,
      build,
      timeoutMs: options.handshakeTimeoutMs,
    })
      .then((hello) => acceptConnection(socket, hello, options))
      .catch((error: unknown) => {
        options.log?.(`connection refused: ${String(error)}`);
        socket.destroy();
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => options.log?.(`listening: ${String(error)}`));
  const endpoint = { socket: address.path, key, ...identify(process.pid), protocol, build };
  writeEndpoint(options.endpointFile, endpoint);

  return {
    socketPath: address.path,
    keepEndpoint() {
      if (server.listening && !isDeepStrictEqual(readEndpoint(options.endpointFile), endpoint))
        writeEndpoint(options.endpointFile, endpoint);
    },
    async close() {
      removeEndpoint(options.endpointFile, address.path);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function acceptConnection(socket: net.Socket, hello: Hello, options: ListenOptions): void {
  if (socket.destroyed) return;
  const streams: Streams = { reader: new LimitedReader(socket), writer: new SocketMessageWriter(socket), socket };
  // A peer that sends anything but JSON-RPC, or does not accept output, is disconnected.
  const disconnect = (error: unknown): void => {
    options.log?.(`connection of ${hello.kind} ${hello.pid} broken: ${String(error)}`);
    socket.destroy();
  };
  streams.reader.onError(disconnect);
  streams.writer.onError(([error]) => disconnect(error));
  socket.on('error', () => undefined);
  // A half-closed connection counts as closed: the answer could not be read.
  socket.on('end', () => socket.destroy());
  options.onConnection(createMessageConnection(streams.reader, streams.writer), hello, streams);
}

/** Removes the socket of a program that was killed, which its endpoint file names; only in our own folder. */
function removeStaleSocket(endpointFile: string, directory: string | undefined): void {
  const old = readEndpoint(endpointFile);
  if (!old || directory === undefined || path.dirname(old.socket) !== directory || isAlive(old)) return;
  fs.rmSync(old.socket, { force: true });
}
