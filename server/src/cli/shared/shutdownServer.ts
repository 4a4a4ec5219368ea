import path from 'node:path';
import { UserError } from '../../base/errors';
import { Lease } from '../../base/lease';
import { isAlive } from '../../base/process';
import { connectTo, readEndpoint, RpcClient, serverEndpointFile, type Endpoint } from '../../protocol/transport';
import { hungError } from '../../protocol/transport/launch';
import type { HelloInput } from '../../protocol/transport/handshake';
import { ServerRetire } from '../../protocol/town';

/** How long a server may take to stop, in milliseconds. */
const STOP_MS = 15_000;
/** Time limit for a server's answer, and for rewriting its endpoint file. */
const ANSWER_MS = 4_000;
const POLL_MS = 20;

/**
 * Stops the server of a town, if one runs, and waits until its process has ended. Agents continue.
 * @returns false if none was running
 * @throws UserError `unavailable` if it does not stop in time
 */
export async function shutdownServer(root: string, hello: HelloInput): Promise<boolean> {
  const file = serverEndpointFile(root);
  const client = await openRunning(root, () => connectTo(file, hello));
  if (!client) return false;
  const endpoint = readEndpoint(file);
  const deadline = Date.now() + STOP_MS;
  const isClosed = new Promise<void>((resolve) => client.onClose(resolve));
  // Its connection may close before its answer comes.
  const answer = client.call(ServerRetire.spec, { build: 0 }).catch((error: unknown) => {
    if (!(error instanceof UserError && error.code === 'unavailable')) throw error;
  });
  try {
    await Promise.race([answer, isClosed]);
  } finally {
    client.close();
  }
  if (endpoint) await waitForEnd(endpoint, deadline);
  return true;
}

/**
 * Connects to the running server. The lease decides whether one runs: the server restores its endpoint file if that was
 * removed.
 * @throws UserError `unavailable` if one runs but does not answer
 */
async function openRunning(
  root: string,
  connect: Parameters<typeof RpcClient.open>[0],
): Promise<RpcClient | undefined> {
  const lease = path.join(root, '.runtime', 'lease');
  const deadline = Date.now() + ANSWER_MS;
  for (;;) {
    const client = await openIfRunning(connect);
    const holder = client ? undefined : Lease.holder(lease);
    if (!holder) return client;
    if (Date.now() > deadline) throw hungError(holder);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

async function openIfRunning(connect: Parameters<typeof RpcClient.open>[0]): Promise<RpcClient | undefined> {
  try {
    return await RpcClient.open(connect, { reconnectTimeoutMs: 0 });
  } catch (error) {
    if (error instanceof UserError && error.code === 'unavailable') return undefined;
    throw error;
  }
}

async function waitForEnd(endpoint: Endpoint, deadline: number): Promise<void> {
  while (isAlive(endpoint)) {
    if (Date.now() > deadline)
      throw new UserError('the server does not stop', `its process id is ${endpoint.pid}`, 'unavailable');
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
