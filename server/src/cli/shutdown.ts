import { UserError } from '../base/errors';
import { connectTo, RpcClient, serverEndpointFile, ServerRetire } from '../protocol/transport';

/**
 * Ends the server of a town, if one runs, and waits until it is gone. Agents work on.
 * @returns false where none was running
 */
export async function shutdownServer(root: string, actor: string): Promise<boolean> {
  let client: RpcClient;
  try {
    client = await RpcClient.open(() => connectTo(serverEndpointFile(root), { kind: 'cli', actor }), { reconnectTimeoutMs: 0 });
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
  return true;
}
