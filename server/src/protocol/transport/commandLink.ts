import net from 'node:net';
import { UserError, messageOf } from '../../base/errors';
import { userErrorOf } from '../wireError';
import type { Endpoint } from './endpointFile';
import { FrameReader, frame } from './frames';
import { answer, newNonce, opening, readJson, welcomeOf, withDeadline, type HelloInput } from './handshake';

/** The connection ended before the answer came. */
export class ConnectionLost extends Error {}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * A connection for the few requests of one command. It speaks what `vscode-jsonrpc` speaks, without loading it, and its
 * first request travels with the client's proof instead of waiting for another round trip: nothing but a nonce is sent
 * before the server has proved itself.
 */
export class CommandLink {
  private readonly nonce = newNonce();
  private readonly greeting: Promise<unknown>;
  /** Resolves when the opening is sent: from then on the server works while this process does something else. */
  readonly started: Promise<void>;
  private readonly frames = new FrameReader();
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private ended = false;
  /** The line that completes the handshake, until the first request takes it along. */
  private proof: object | undefined;

  private constructor(
    private readonly socket: net.Socket,
    private readonly key: string,
  ) {
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => this.end(new ConnectionLost('the connection was closed')));
    this.started = new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.write(`${JSON.stringify(opening(this.nonce))}\n`, () => resolve());
    });
    this.greeting = withDeadline(socket, undefined, () => readJson(socket));
    this.greeting.catch(() => undefined); // `authenticate` reports it
  }

  /** Starts to connect. */
  static start(endpoint: Endpoint): CommandLink {
    return new CommandLink(net.connect(endpoint.socket), endpoint.key);
  }

  /**
   * Waits until the server has proved itself, and prepares the proof of this side. Must precede the first request.
   * @throws UserError `refused` if the server does not know the key; Error if it cannot be reached
   */
  async authenticate(hello: HelloInput): Promise<void> {
    this.proof = answer(await this.greeting, this.nonce, this.key, hello);
  }

  /** @throws UserError as the handler threw it or the server refused us; ConnectionLost; Error for a defect of the server */
  request(method: string, params: unknown): Promise<unknown> {
    if (this.ended) return Promise.reject(new ConnectionLost('the connection is closed'));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      const request = frame({ jsonrpc: '2.0', id, method, params });
      if (this.proof === undefined) this.socket.write(request);
      else {
        this.socket.write(`${JSON.stringify(this.proof)}\n${request}`);
        this.proof = undefined;
        void this.receive();
      }
    });
  }

  close(): void {
    this.end(new ConnectionLost('the connection was closed'));
  }

  /** Reads the welcome and then the answers. Never rejects. */
  private async receive(): Promise<void> {
    try {
      await withDeadline(this.socket, undefined, async () => welcomeOf(await readJson(this.socket)));
      this.socket.on('data', (chunk: Buffer) => this.take(chunk));
    } catch (error) {
      this.end(error instanceof UserError ? error : new ConnectionLost(messageOf(error)));
    }
  }

  private take(chunk: Buffer): void {
    try {
      for (const message of this.frames.read(chunk)) this.settle(message);
    } catch (error) {
      this.end(new Error(`the server sent what is not JSON-RPC: ${messageOf(error)}`));
    }
  }

  /** Anything but the answer to a request, such as a notification, is not meant for a command. */
  private settle(message: unknown): void {
    if (typeof message !== 'object' || message === null) throw new Error('a message is not an object');
    const { id, method, result, error } = message as Record<string, unknown>;
    const pending = typeof id === 'number' && method === undefined ? this.pending.get(id) : undefined;
    if (!pending) return;
    this.pending.delete(id as number);
    if (error === undefined) pending.resolve(result);
    else pending.reject(errorFrom(error));
  }

  private end(reason: Error): void {
    this.ended = true;
    this.socket.destroy();
    for (const { reject } of this.pending.values()) reject(reason);
    this.pending.clear();
  }
}

function errorFrom(value: unknown): Error {
  const { code, message, data } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof code !== 'number' || typeof message !== 'string') return new Error('the server sent an unreadable error');
  return userErrorOf({ code, message, data }) ?? new Error(message);
}
