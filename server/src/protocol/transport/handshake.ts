import type { Socket } from 'node:net';
import { UserError, messageOf, type ErrorCode } from '../../base/errors';
import { hmacSha256, randomHex } from '../../base/hmac';
import { errorCode } from '../wireError';
import { readLine } from './lineReader';
import { BUILD, PROTOCOL } from './version';

/*
 * Before JSON-RPC starts, both sides prove that they know the key of the endpoint file. Four JSON lines:
 *
 *   client  { gastown: 1, nonce }
 *   server  { nonce, proof }          proof over both nonces
 *   client  { proof, hello }          proof over both nonces and the text of the hello
 *   server  { ok: true, protocol, build } or { ok: false, reason, code }
 *
 * The key never crosses the wire, a recorded conversation cannot be replayed, and neither side reads anything of the
 * other's (the hello, a session token) before the other has proved itself.
 */

/** Longest line of the handshake in bytes. */
export const MAX_LINE_BYTES = 32 * 1024;
/** Time for the whole handshake, in milliseconds. */
export const HANDSHAKE_MS = 5_000;
/** Longest reason of a refusal that is shown, in characters. */
const MAX_REASON = 2_000;

export const noncePattern = /^[0-9a-f]{32,128}$/;
export const proofPattern = /^[0-9a-f]{64}$/;

/** Who connects. Believed only after the client proved that it knows the key. */
export interface Hello {
  protocol: number;
  build: number;
  /** `server` is the language server as a client of the session host. */
  kind: 'window' | 'cli' | 'agent' | 'server';
  actor?: string;
  /** Absolute working directory of a command line. */
  cwd?: string;
  /** Session token of an agent. */
  token?: string;
  /** False for a window in restricted mode: it may only read. */
  trusted?: boolean;
  pid: number;
}
/** The hello as callers give it; protocol, build and pid are those of this program by default. */
export type HelloInput = Omit<Hello, 'protocol' | 'build' | 'pid'> & Partial<Hello>;

export interface Welcome {
  protocol: number;
  build: number;
}

/** The answer to a hello. */
export type Acceptance = { ok: true } | { ok: false; reason: string; code: ErrorCode };

export interface HandshakeOptions {
  /** Limit for the whole handshake. */
  timeoutMs?: number;
  protocol?: number;
  build?: number;
}

/** The client's side of the handshake. */
export async function greetServer(
  socket: Socket,
  key: string,
  input: HelloInput,
  options: HandshakeOptions = {},
): Promise<Welcome> {
  try {
    return await withDeadline(socket, options.timeoutMs, async () => {
      const nonce = await newNonce();
      sendLine(socket, opening(nonce));
      sendLine(socket, answer(await readJson(socket), nonce, key, input));
      return welcomeOf(await readJson(socket));
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the handshake failed: ${messageOf(error)}`, undefined, 'unavailable');
  }
}

export function newNonce(): Promise<string> {
  return randomHex(32);
}

/** The client's first line. */
export function opening(nonce: string): object {
  return { gastown: 1, nonce };
}

/**
 * The client's second line, computed from the server's first one.
 * @throws UserError `refused` if the server does not know the key; Error if its line is invalid
 */
export function answer(line: unknown, nonce: string, key: string, input: HelloInput): object {
  const { nonce: theirs, proof } = fieldsOf(line);
  if (!matchesPattern(theirs, noncePattern) || !matchesPattern(proof, proofPattern))
    throw new Error('unreadable answer');
  if (!isSame(proof, sign(key, 'server', nonce, theirs)))
    throw new UserError('the program at the other end does not know the key of this server', undefined, 'refused');
  const hello: Hello = {
    ...input,
    protocol: input.protocol ?? PROTOCOL,
    build: input.build ?? BUILD,
    pid: input.pid ?? process.pid,
  };
  const text = JSON.stringify(hello);
  return { proof: sign(key, 'client', nonce, theirs, text), hello: text };
}

/** @throws UserError with the reason if the server refuses us; Error if its line is invalid */
export function welcomeOf(line: unknown): Welcome {
  const { ok, protocol, build, reason, code } = fieldsOf(line);
  if (ok === false && typeof reason === 'string' && typeof code === 'string')
    throw new UserError(reason.slice(0, MAX_REASON), undefined, errorCode(code));
  if (ok !== true || !Number.isSafeInteger(protocol) || !Number.isFinite(build)) throw new Error('unreadable welcome');
  return { protocol: protocol as number, build: build as number };
}

// Checked by hand: every command runs this, and loading zod takes longer than the rest of the command.
function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function matchesPattern(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** Runs one side's handshake within its time, and destroys the socket if it fails. */
export async function withDeadline<T>(
  socket: Socket,
  timeoutMs: number | undefined,
  handshake: () => Promise<T>,
): Promise<T> {
  const limit = timeoutMs ?? HANDSHAKE_MS;
  const ignore = (): void => undefined; // `readLine` reports errors; without a listener they would end the process
  socket.on('error', ignore);
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${limit} ms`)), limit);
  try {
    return await handshake();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    if (!socket.destroyed) socket.off('error', ignore);
  }
}

/** A proof that this side knows the key: HMAC-SHA256 over the parts, in hexadecimal. */
export function sign(key: string, side: 'client' | 'server', ...parts: string[]): string {
  return hmacSha256(Buffer.from(key, 'hex'), JSON.stringify(['gastown', side, ...parts]));
}

/** Compares two proofs. Takes the same time wherever they differ. */
export function isSame(proof: string, expected: string): boolean {
  let difference = proof.length ^ expected.length;
  for (let index = 0; index < proof.length; index++) difference |= proof.charCodeAt(index) ^ expected.charCodeAt(index);
  return difference === 0;
}

export function sendLine(socket: Socket, message: unknown): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** @throws Error if the next line is too long or not JSON, or the connection ends */
export async function readJson(socket: Socket): Promise<unknown> {
  const value = parseJson(await readLine(socket, MAX_LINE_BYTES));
  if (value === undefined) throw new Error('a handshake line is not JSON');
  return value;
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
