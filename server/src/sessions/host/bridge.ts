import type { ProcessIdentity } from '../../base/process';
import type { Welcome } from '../../protocol/transport/handshake';
import { openHost } from '../providers/local/openHost';

/** First line that a bridge prints, as JSON: who answers at its other end. What follows are the host's own frames. */
export interface BridgeGreeting {
  welcome: Welcome;
  process: ProcessIdentity;
}

/**
 * Joins standard input and output to the town's session host on this machine, which is started when none answers. The host
 * does not notice when the bridge is cut: its sessions live on, and another bridge finds them.
 */
export async function runBridge(root: string, script: string): Promise<void> {
  const { welcome, process: host, socket } = await openHost(root, { sessionHostJs: script });
  const greeting: BridgeGreeting = { welcome, process: host };
  process.stdout.write(`${JSON.stringify(greeting)}\n`);
  socket.pipe(process.stdout);
  process.stdin.pipe(socket);
  process.stdout.on('error', () => socket.destroy()); // nobody reads any more
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}
