import path from 'node:path';
import { createMessageConnection } from 'vscode-jsonrpc/node';
import { UserError } from '../../../base/errors';
import { isAlive } from '../../../base/process';
import { callOver } from '../../../protocol/transport/callWire';
import { connectTo } from '../../../protocol/transport/connect';
import { hostEndpointFile } from '../../../protocol/transport/endpointFile';
import { startUntilAnswered } from '../../../protocol/transport/launch';
import type { Connected } from '../../../protocol/transport/streams';
import { BUILD, PROTOCOL } from '../../../protocol/transport/version';
import { HostList, HostShutdown } from '../../protocol';

export interface HostConnectOptions {
  /** The host's program; by default the `sessionHost.js` next to the bundle that this code runs in. */
  sessionHostJs?: string;
  /** Further arguments of the host, for tests. */
  hostArguments?: string[];
  startTimeoutMs?: number;
  reconnectTimeoutMs?: number;
}

/**
 * Streams to the town's session host, started if none answers. An older host continues as long as one of its sessions
 * is live; without any it is replaced by the host of this build.
 */
export async function openHost(root: string, options: HostConnectOptions): Promise<Connected> {
  for (let round = 0; ; round++) {
    const connected = await connectOrStart(root, options);
    if (connected.welcome.build >= BUILD || round > 2) return checked(connected);
    const replaced = await replaceIfUnused(connected);
    // Its streams were used for the query; the remaining host gets new ones.
    if (!replaced) return checked(await connectOrStart(root, options));
  }
}

function connectOrStart(root: string, options: HostConnectOptions): Promise<Connected> {
  return startUntilAnswered({
    root,
    script: options.sessionHostJs ?? path.join(__dirname, 'sessionHost.js'),
    // Terminals create much short-lived garbage: a small young generation keeps twenty of them near 150 MB.
    nodeArguments: ['--max-semi-space-size=1', '--optimize-for-size'],
    arguments: ['--root', root, ...(options.hostArguments ?? [])],
    startLease: path.join(root, '.runtime', 'host-start'),
    programLease: path.join(root, '.runtime', 'host-lease'),
    endpointFile: hostEndpointFile(root),
    logFile: path.join(root, 'daemon', 'host.log'),
    timeoutMs: options.startTimeoutMs ?? 15_000,
    connect: () => connectTo(hostEndpointFile(root), { kind: 'server' }),
  });
}

function checked(connected: Connected): Connected {
  if (connected.welcome.protocol === PROTOCOL) return connected;
  connected.socket.destroy();
  throw new UserError(
    'the agents of this town run in a session host of another version',
    'Stop them (`gt stop --all`), then try again.',
    'unavailable',
  );
}

async function replaceIfUnused(connected: Connected): Promise<boolean> {
  const connection = createMessageConnection(connected.reader, connected.writer);
  connection.listen();
  try {
    const sessions = await callOver(connection, HostList.spec, {});
    if (sessions.some((session) => !session.exited)) return false;
    await callOver(connection, HostShutdown.spec, {}).catch(() => undefined);
  } finally {
    connection.dispose();
    connected.socket.destroy();
  }
  const deadline = Date.now() + 5000;
  while (isAlive(connected.process) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return true;
}
