import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { asPlainObject } from '../../base/objects';
import { UserError, messageOf, type ErrorCode } from '../../base/errors';
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
 * The key itself never crosses the wire, a recorded conversation is worthless, and neither side reads
 * anything of the other's (the hello, a session token) before the other has proved itself.
 */

const MAX_LINE_BYTES = 32 * 1024;
const TIMEOUT_MS = 5_000;
const MAX_REASON = 2_000;

const noncePattern = /^[0-9a-f]{32,128}$/;
const proofPattern = /^[0-9a-f]{64}$/;
const nonce = z.string().regex(noncePattern);
const proof = z.string().regex(proofPattern);
const clientOpening = z.object({ gastown: z.literal(1), nonce });
const clientAnswer = z.object({ proof, hello: z.string() });

/** Who connects. Believed only after the client proved that it knows the key. */
export const helloSchema = z.object({
  protocol: z.number().int(),
  build: z.number(),
  /** `server` is the language server as a client of the session host. */
  kind: z.enum(['window', 'cli', 'agent', 'server']),
  actor: z.string().min(1).max(200).optional(),
  /** Absolute working directory of a command line. */
  cwd: z.string().min(1).max(4096).optional(),
  /** Session token of an agent. */
  token: z.string().min(1).max(500).optional(),
  /** False for a window in restricted mode: it may only look. */
  trusted: z.boolean().optional(),
  pid: z.number().int().nonnegative(),
});
export type Hello = z.infer<typeof helloSchema>;
/** What callers must say; protocol, build and pid are those of this program unless given. */
export type HelloInput = Omit<Hello, 'protocol' | 'build' | 'pid'> & Partial<Hello>;

export interface Welcome {
  protocol: number;
  build: number;
}

export type Acceptance = { ok: true } | { ok: false; reason: string; code: ErrorCode };

export interface HandshakeOptions {
  /** For the whole handshake. */
  timeoutMs?: number;
  protocol?: number;
  build?: number;
}

/**
 * The server's side. The socket stays open only when it succeeds.
 * @throws Error whatever goes wrong; a stranger learns nothing from the closed socket
 */
export async function greetClient(
  socket: Socket,
  key: string,
  accept: (hello: Hello) => Acceptance | Promise<Acceptance>,
  options: HandshakeOptions = {},
): Promise<Hello> {
  return guarded(socket, options.timeoutMs, async () => {
    const opening = clientOpening.parse(await readJson(socket));
    const own = randomBytes(32).toString('hex');
    send(socket, { nonce: own, proof: sign(key, 'server', opening.nonce, own) });
    const answer = clientAnswer.parse(await readJson(socket));
    if (!matches(answer.proof, sign(key, 'client', opening.nonce, own, answer.hello)))
      throw new Error('the client does not know the key');
    const { hello, acceptance } = await judge(answer.hello, accept);
    if (!acceptance.ok || !hello) {
      await sendLast(socket, acceptance);
      throw new Error(`refused a client: ${acceptance.ok ? 'unreadable hello' : acceptance.reason}`);
    }
    send(socket, { ok: true, protocol: options.protocol ?? PROTOCOL, build: options.build ?? BUILD });
    return hello;
  });
}

/**
 * The client's side.
 * @throws UserError `refused` when the other side is not who we think or does not want us,
 *   `unavailable` when it went away or did not answer in time
 */
export async function greetServer(
  socket: Socket,
  key: string,
  input: HelloInput,
  options: HandshakeOptions = {},
): Promise<Welcome> {
  const hello: Hello = {
    ...input,
    protocol: input.protocol ?? PROTOCOL,
    build: input.build ?? BUILD,
    pid: input.pid ?? process.pid,
  };
  try {
    return await guarded(socket, options.timeoutMs, async () => {
      const own = randomBytes(32).toString('hex');
      send(socket, { gastown: 1, nonce: own });
      const answer = checkedAnswer(await readJson(socket));
      if (!matches(answer.proof, sign(key, 'server', own, answer.nonce))) {
        throw new UserError('the program at the other end does not know the key of this town', undefined, 'refused');
      }
      const text = JSON.stringify(hello);
      send(socket, { proof: sign(key, 'client', own, answer.nonce, text), hello: text });
      return checkedWelcome(await readJson(socket));
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the handshake failed: ${messageOf(error)}`, undefined, 'unavailable');
  }
}

/*
 * What the server says is checked by hand: every command passes here, and zod takes longer to load than all the rest
 * of it. The server, which loads it once, uses schemas.
 */
function checkedAnswer(value: unknown): { nonce: string; proof: string } {
  const { nonce: theirs, proof: given } = asPlainObject(value);
  if (
    typeof theirs !== 'string' ||
    !noncePattern.test(theirs) ||
    typeof given !== 'string' ||
    !proofPattern.test(given)
  )
    throw new Error('unreadable answer');
  return { nonce: theirs, proof: given };
}

/** @throws UserError with the reason where the server does not want us */
function checkedWelcome(value: unknown): Welcome {
  const { ok, protocol, build, reason, code } = asPlainObject(value);
  if (ok === false && typeof reason === 'string' && typeof code === 'string')
    throw new UserError(reason.slice(0, MAX_REASON), undefined, errorCode(code));
  if (ok !== true || !Number.isSafeInteger(protocol) || !Number.isFinite(build)) throw new Error('unreadable welcome');
  return { protocol: protocol as number, build: build as number };
}

async function judge(
  text: string,
  accept: (hello: Hello) => Acceptance | Promise<Acceptance>,
): Promise<{ hello?: Hello; acceptance: Acceptance }> {
  const parsed = helloSchema.safeParse(parseJson(text));
  if (!parsed.success)
    return { acceptance: { ok: false, reason: `unreadable hello: ${z.prettifyError(parsed.error)}`, code: 'invalid' } };
  try {
    return { hello: parsed.data, acceptance: await accept(parsed.data) };
  } catch (error) {
    return {
      acceptance: { ok: false, reason: messageOf(error), code: error instanceof UserError ? error.code : 'refused' },
    };
  }
}

/** Runs the handshake within its time and destroys the socket when it fails. */
async function guarded<T>(socket: Socket, timeoutMs: number | undefined, handshake: () => Promise<T>): Promise<T> {
  const limit = timeoutMs ?? TIMEOUT_MS;
  const swallow = (): void => undefined; // `readLine` reports it; unheard it would end the process
  socket.on('error', swallow);
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${limit} ms`)), limit);
  try {
    return await handshake();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    if (!socket.destroyed) socket.off('error', swallow);
  }
}

function sign(key: string, side: 'client' | 'server', ...parts: string[]): string {
  return createHmac('sha256', Buffer.from(key, 'hex'))
    .update(JSON.stringify(['gastown', side, ...parts]))
    .digest('hex');
}

function matches(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(expected, 'hex'));
}

function send(socket: Socket, message: unknown): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/** Waits until the line has left, because the socket is destroyed right after it. */
function sendLast(socket: Socket, message: unknown): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.end(`${JSON.stringify(message)}\n`, () => resolve());
  });
}

async function readJson(socket: Socket): Promise<unknown> {
  const value = parseJson(await readLine(socket, MAX_LINE_BYTES));
  if (value === undefined) throw new Error('a handshake line is not JSON');
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const errorCodes: readonly ErrorCode[] = [
  'invalid',
  'not-found',
  'ambiguous',
  'conflict',
  'refused',
  'consent',
  'unavailable',
];

export function errorCode(text: string | undefined): ErrorCode {
  return errorCodes.find((code) => code === text) ?? 'invalid';
}
