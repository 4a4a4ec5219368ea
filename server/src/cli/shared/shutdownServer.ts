import { UserError } from '../../base/errors';
import { isAlive } from '../../base/process';
import { connectTo, readEndpoint, RpcClient, serverEndpointFile } from '../../protocol/transport';
import { ServerRetire } from '../../protocol/town';

/** Longest time that a server may take to write its last. */
const END_MS = 15_000;

/**
 * Ends the server of a town, if one runs, and waits until it is gone. Agents work on.
 * @returns false where none was running
 */
export async function shutdownServer(root: string, actor: string): Promise<boolean> {
  const endpoint = readEndpoint(serverEndpointFile(root));
  let client: RpcClient;
  try {
    client = await RpcClient.open(() => connectTo(serverEndpointFile(root), { kind: 'cli', actor }), {
      reconnectTimeoutMs: 0,
    });
  } catch (error) {
    if (error instanceof UserError && error.code === 'unavailable') return false;
    throw error;
  }
  const gone = new Promise<void>((resolve) => client.onClose(resolve));
  // It may end before it answers.
  const asked = client.call(ServerRetire.spec, { build: 0 }).catch((error: unknown) => {
    if (!(error instanceof UserError && error.code === 'unavailable')) throw error;
  });
  await Promise.race([asked, gone]);
  await gone;
  client.close();
  const deadline = Date.now() + END_MS;
  while (endpoint && isAlive(endpoint)) {
    if (Date.now() > deadline)
      throw new UserError('the server does not end', `its process id is ${endpoint.pid}`, 'unavailable');
    await new Promise((done) => setTimeout(done, 20));
  }
  return true;
}
