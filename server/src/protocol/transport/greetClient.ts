import type { Socket } from 'node:net';
import { z } from 'zod';
import { UserError, messageOf } from '../../base/errors';
import { schemaProblems } from '../../base/schemaProblems';
import {
  isSame,
  newNonce,
  noncePattern,
  parseJson,
  proofPattern,
  readJson,
  sendLine,
  sign,
  withDeadline,
  type Acceptance,
  type HandshakeOptions,
  type Hello,
} from './handshake';
import { BUILD, PROTOCOL } from './version';

const openingSchema = z.object({ gastown: z.literal(1), nonce: z.string().regex(noncePattern) });
const answerSchema = z.object({ proof: z.string().regex(proofPattern), hello: z.string() });
const helloSchema: z.ZodType<Hello> = z.object({
  protocol: z.number().int(),
  build: z.number(),
  kind: z.enum(['window', 'cli', 'agent', 'server']),
  actor: z.string().min(1).max(200).optional(),
  cwd: z.string().min(1).max(4096).optional(),
  token: z.string().min(1).max(500).optional(),
  trusted: z.boolean().optional(),
  pid: z.number().int().nonnegative(),
});

/**
 * The server's side of the handshake. The socket stays open only if it succeeds.
 * @throws Error for any failure; an unauthenticated peer learns nothing from the closed socket
 */
export async function greetClient(
  socket: Socket,
  key: string,
  accept: (hello: Hello) => Acceptance | Promise<Acceptance>,
  options: HandshakeOptions = {},
): Promise<Hello> {
  return withDeadline(socket, options.timeoutMs, async () => {
    const { nonce: theirs } = openingSchema.parse(await readJson(socket));
    const nonce = await newNonce();
    sendLine(socket, { nonce, proof: sign(key, 'server', theirs, nonce) });
    const answer = answerSchema.parse(await readJson(socket));
    if (!isSame(answer.proof, sign(key, 'client', theirs, nonce, answer.hello)))
      throw new Error('the client does not know the key');
    const { hello, acceptance } = await decide(answer.hello, accept);
    if (!acceptance.ok || !hello) {
      await sendLast(socket, acceptance);
      throw new Error(`refused a client: ${acceptance.ok ? 'unreadable hello' : acceptance.reason}`);
    }
    sendLine(socket, { ok: true, protocol: options.protocol ?? PROTOCOL, build: options.build ?? BUILD });
    return hello;
  });
}

async function decide(
  text: string,
  accept: (hello: Hello) => Acceptance | Promise<Acceptance>,
): Promise<{ hello?: Hello; acceptance: Acceptance }> {
  const parsed = helloSchema.safeParse(parseJson(text));
  if (!parsed.success)
    return { acceptance: { ok: false, reason: `unreadable hello: ${schemaProblems(parsed.error)}`, code: 'invalid' } };
  try {
    return { hello: parsed.data, acceptance: await accept(parsed.data) };
  } catch (error) {
    const code = error instanceof UserError ? error.code : 'refused';
    return { acceptance: { ok: false, reason: messageOf(error), code } };
  }
}

/** Waits until the line is sent, because the socket is destroyed right after it. */
function sendLast(socket: Socket, message: unknown): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.end(`${JSON.stringify(message)}\n`, () => resolve());
  });
}
