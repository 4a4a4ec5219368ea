import type { ProcessIdentity } from '../../base/process';
import type { Welcome } from '../../protocol/transport/handshake';
import { openHost } from '../providers/local/openHost';

/** First line of a bridge, as JSON: the process at its other end. It is followed by the host's own frames. */
export interface BridgeGreeting {
  welcome: Welcome;
  process: ProcessIdentity;
}

/**
 * Joins standard input and output to the town's session host on this machine, which is started if none answers. The
 * host is not affected if the bridge is cut: its sessions continue, and another bridge finds them.
 */
export async function runBridge(root: string, script: string): Promise<void> {
  const { welcome, process: host, socket } = await openHost(root, { sessionHostJs: script });
  const greeting: BridgeGreeting = { welcome, process: host };
  process.stdout.write(`${JSON.stringify(greeting)}\n`);
  socket.pipe(process.stdout);
  process.stdin.pipe(socket);
  process.stdout.on('error', () => socket.destroy()); // the reader is gone
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}
