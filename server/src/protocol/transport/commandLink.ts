import net from 'node:net';
import { UserError, messageOf } from '../../base/errors';
import { userErrorOf } from '../wireError';
import type { Endpoint } from './endpointFile';
import { FrameReader, frame } from './frames';
import { MAX_LINE_BYTES, answer, newNonce, opening, welcomeOf, type HelloInput } from './handshake';

/** The connection ended before the answer came. */
export class ConnectionLost extends Error {}

/** The server accepted the connection but does not answer. */
export class NoGreeting extends ConnectionLost {}

/** Time for each line of the server's handshake: a command must not wait long for a server that hangs. */
const GREETING_MS = 4_000;

interface Waiting<T> {
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

const NEWLINE = 0x0a;
/** Buffer size for reads. */
const READ_BYTES = 64 * 1024;

/**
 * A connection for the few requests of one command. Compatible with `vscode-jsonrpc`, without loading it, and its first
 * request travels with the client's proof instead of waiting for another round trip: nothing but a nonce is sent before
 * the server has proved itself.
 */
export class CommandLink {
  /** Resolves when the opening is sent: from then on the server works in parallel with this process. */
  readonly started: Promise<void>;
  /** The server's first line. */
  private readonly greeting: Promise<unknown>;
  private greeted: Waiting<unknown> | undefined;
  /** Bytes of an incomplete line of the handshake. */
  private line: Buffer = Buffer.alloc(0);
  /** Set once the handshake is complete. */
  private frames: FrameReader | undefined;
  private readonly pending = new Map<number, Waiting<unknown>>();
  private lastId = 0;
  private ended = false;
  /** The line that completes the handshake, until the first request takes it along. */
  private proof: object | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly socket: net.Socket;

  private constructor(
    path: string,
    private readonly key: string,
    private readonly nonce: string,
  ) {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    // A command does not need Node's streams, and preparing one for reading takes half a millisecond.
    const onread = { buffer, callback: (bytes: number) => this.receive(Buffer.from(buffer.subarray(0, bytes))) };
    const socket = (this.socket = net.connect({ path, onread }));
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => this.end(new ConnectionLost('the connection was closed')));
    this.greeting = new Promise((resolve, reject) => (this.greeted = { resolve, reject }));
    this.greeting.catch(() => undefined); // `authenticate` reports it
    this.started = new Promise((resolve) => {
      socket.write(`${JSON.stringify(opening(nonce))}\n`); // which leaves with the event `connect`
      socket.once('connect', () => resolve());
      socket.once('close', () => resolve());
    });
    this.limitWaiting();
  }

  /** Starts to connect. */
  static async start(endpoint: Endpoint): Promise<CommandLink> {
    return new CommandLink(endpoint.socket, endpoint.key, await newNonce());
  }

  /**
   * Waits until the server has proved itself, and prepares the proof of this side. Must precede the first request.
   * @throws UserError `refused` if the server does not know the key; Error if it cannot be reached
   */
  async authenticate(hello: HelloInput): Promise<void> {
    this.proof = answer(await this.greeting, this.nonce, this.key, hello);
  }

  /**
   * @throws UserError as the handler threw it or the server refused us; ConnectionLost; Error for a defect of the
   * server
   */
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
        this.limitWaiting();
      }
    });
  }

  close(): void {
    this.end(new ConnectionLost('the connection was closed'));
  }

  /** Ends the connection if the server's next line of the handshake does not come in time. */
  private limitWaiting(): void {
    this.timer = setTimeout(() => this.end(new NoGreeting(`no answer within ${GREETING_MS} ms`)), GREETING_MS);
  }

  /** @returns true: more may come */
  private receive(chunk: Buffer): boolean {
    try {
      const rest = this.frames ? chunk : this.readLines(chunk);
      for (const message of this.frames?.read(rest) ?? []) this.settle(message);
    } catch (error) {
      this.end(
        error instanceof UserError ? error : new Error(`unexpected message from the server: ${messageOf(error)}`),
      );
    }
    return true;
  }

  /** Takes the lines of the handshake. @returns the bytes after them */
  private readLines(chunk: Buffer): Buffer {
    let rest = this.line.length > 0 ? Buffer.concat([this.line, chunk]) : chunk;
    while (!this.frames) {
      const newline = rest.indexOf(NEWLINE);
      if (newline < 0 ? rest.length > MAX_LINE_BYTES : newline > MAX_LINE_BYTES)
        throw new Error(`a line is longer than ${MAX_LINE_BYTES} bytes`);
      if (newline < 0) break;
      this.takeLine(JSON.parse(rest.subarray(0, newline).toString('utf8')));
      rest = rest.subarray(newline + 1);
    }
    this.line = this.frames ? Buffer.alloc(0) : rest;
    return rest;
  }

  private takeLine(line: unknown): void {
    clearTimeout(this.timer);
    if (this.greeted) {
      this.greeted.resolve(line);
      this.greeted = undefined;
    } else {
      welcomeOf(line);
      this.frames = new FrameReader();
    }
  }

  /** Anything but the answer to a request, such as a notification, is ignored. */
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
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.socket.destroy();
    this.greeted?.reject(reason);
    for (const { reject } of this.pending.values()) reject(reason);
    this.pending.clear();
  }
}

function errorFrom(value: unknown): Error {
  const { code, message, data } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof code !== 'number' || typeof message !== 'string') return new Error('the server sent an unreadable error');
  return userErrorOf({ code, message, data }) ?? new Error(message);
}
