import net from 'node:net';
import path from 'node:path';
import { SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import { UserError, messageOf } from '../../base/errors';
import { readEndpoint, serverEndpointFile } from './endpointFile';
import { replaceServer } from './handOver';
import { greetServer, type HandshakeOptions, type HelloInput } from './handshake';
import { RpcClient } from './rpcClient';
import { townPlace, type ServerPlace } from './serverPlace';
import type { Connected } from './streams';
import { BUILD, PROTOCOL } from './version';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Connects to a running program.
 * @throws UserError `unavailable` if none runs, and the code of its refusal if it refuses us
 */
export async function connectTo(
  endpointFile: string,
  hello: HelloInput,
  options: HandshakeOptions = {},
): Promise<Connected> {
  const endpoint = readEndpoint(endpointFile);
  // The pid is meaningless if the server runs in another container; the socket is not.
  if (!endpoint) throw new UserError('no server is running', undefined, 'unavailable');
  const socket = await openSocket(endpoint.socket);
  const welcome = await greetServer(socket, endpoint.key, hello, options);
  socket.on('error', () => undefined); // `close` follows, and is handled everywhere
  socket.on('end', () => socket.destroy());
  const identity = { pid: endpoint.pid, start: endpoint.start };
  return {
    socket,
    welcome,
    process: identity,
    reader: new SocketMessageReader(socket),
    writer: new SocketMessageWriter(socket),
  };
}

export interface TownOptions {
  /** The server's program; by default the `server.js` next to the bundle that this code runs in. */
  serverJs?: string;
  /** How long a server may take to start, in milliseconds. */
  startTimeoutMs?: number;
  /** How long a call is repeated over new connections after its connection broke, in milliseconds. */
  reconnectTimeoutMs?: number;
}

/**
 * Connects to the town's server, which is started if none answers and replaced if its build is older than ours. For a
 * language client; other callers use `connectTown`.
 * @throws UserError `unavailable` with the tail of its log if it cannot be started
 */
export function openTown(root: string, hello: HelloInput, options: TownOptions = {}): Promise<Connected> {
  return openServer(townPlace(root), hello, options);
}

/** Like `openTown`, for the server of a town or of a ledger outside of one. */
export async function openServer(place: ServerPlace, hello: HelloInput, options: TownOptions = {}): Promise<Connected> {
  const { endpointFile } = place;
  const build = hello.build ?? BUILD;
  for (let round = 0; ; round++) {
    const { startUntilAnswered } = await import('./launch');
    const connected = await startUntilAnswered({
      ...place,
      script: options.serverJs ?? path.join(__dirname, 'server.js'),
      timeoutMs: options.startTimeoutMs ?? 15_000,
      connect: () => connectTo(endpointFile, hello),
    });
    if (connected.welcome.build >= build || round > 2) return checkedProtocol(connected, hello);
    await replaceServer(connected, place, build);
  }
}

/**
 * Connects to the town's server if one runs, for a window that may only read: it starts and replaces nothing.
 * @throws UserError `unavailable` if none runs, or if it speaks another protocol
 */
export async function joinTown(root: string, hello: HelloInput): Promise<Connected> {
  return checkedProtocol(await connectTo(serverEndpointFile(root), hello), hello);
}

/** A client of the town's server that reconnects, see `RpcClient`. */
export function connectTown(root: string, hello: HelloInput, options: TownOptions = {}): Promise<RpcClient> {
  return connectServer(townPlace(root), hello, options);
}

/** Like `connectTown`, for the server of a town or of a ledger outside of one. */
export async function connectServer(
  place: ServerPlace,
  hello: HelloInput,
  options: TownOptions = {},
): Promise<RpcClient> {
  return RpcClient.open(() => openServer(place, hello, options), { reconnectTimeoutMs: options.reconnectTimeoutMs });
}
export type TownConnection = RpcClient;

function checkedProtocol(connected: Connected, hello: HelloInput): Connected {
  const ours = hello.protocol ?? PROTOCOL;
  if (connected.welcome.protocol === ours) return connected;
  connected.socket.destroy();
  throw new UserError(
    `the server speaks protocol ${connected.welcome.protocol}, this program ${ours}`,
    'Update Gas Town in every window and command line that uses it.',
    'unavailable',
  );
}

function openSocket(address: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(address);
    const fail = (reason: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new UserError(`no server is running (${reason})`, undefined, 'unavailable'));
    };
    const timer = setTimeout(() => fail('it does not answer'), CONNECT_TIMEOUT_MS);
    const onError = (error: Error): void => fail(messageOf(error));
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
