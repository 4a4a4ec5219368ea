import path from 'node:path';
import { parseArgs } from 'node:util';
import { Lease } from '../../base/lease';
import { hostEndpointFile } from '../../protocol/transport/endpointFile';
import { startDetached } from '../../protocol/transport/launch';
import { listen } from '../../protocol/transport/rpcServer';
import { runBridge } from './bridge';
import { SessionHost } from './host';
import { loadBackend } from './pty';

/** For tests and systems without a terminal library. */
const pipesOnly = (): Promise<never> => Promise.reject(new Error('--pipes was given'));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      root: { type: 'string' },
      /** Idle time, without connections and live sessions, after which the host exits. */
      'idle-ms': { type: 'string', default: String(5 * 60_000) },
      /** Time without reading after which a view is disconnected. */
      'stuck-ms': { type: 'string', default: '15000' },
      pipes: { type: 'boolean', default: false },
      /** Runs no host: connects standard input and output to the running one. */
      stdio: { type: 'boolean', default: false },
    },
  });
  if (!values.root) throw new Error('usage: sessionHost --root <town> [--stdio]');
  const root = path.resolve(values.root);
  if (values.stdio) {
    await runBridge(root, path.resolve(process.argv[1] ?? ''));
    return process.exit(0);
  }
  const lease = await Lease.acquire(path.join(root, '.runtime', 'host-lease'), 500);
  if (!lease) return process.exit(0); // another host serves this town

  const idleMs = Number(values['idle-ms']);
  let idleTimer: NodeJS.Timeout | undefined;
  const end = async (): Promise<void> => {
    await server.close();
    lease.release();
    process.exit(0);
  };
  const host = new SessionHost({
    scrollback: path.join(root, '.runtime', 'scrollback'),
    backend: await loadBackend(values.pipes ? pipesOnly : undefined),
    stuckMs: Number(values['stuck-ms']),
    log,
    onActivity() {
      clearTimeout(idleTimer);
      idleTimer = host.isNeeded ? undefined : setTimeout(() => void end(), idleMs);
    },
    startServer: (script) => {
      const { problem } = startDetached({
        root,
        script,
        arguments: ['--town', root],
        logFile: path.join(root, 'daemon', 'daemon.log'),
      });
      if (problem) log(`cannot start the server: ${problem}`);
    },
    onShutdown: () => void end(),
  });
  const server = await listen({
    root,
    purpose: 'host',
    endpointFile: hostEndpointFile(root),
    log,
    accept: () => ({ ok: true }),
    onConnection: (connection, _hello, streams) => host.connect(connection, streams),
  });
  idleTimer = setTimeout(() => void end(), idleMs);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void host.shutdown());
  process.on('SIGHUP', () => undefined);
}

// An error of one client must not end the sessions of others.
process.on('uncaughtException', (error) => log(`uncaught: ${error.stack}`));
process.on('unhandledRejection', (reason) =>
  log(`unhandled: ${reason instanceof Error ? reason.stack : String(reason)}`),
);

function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} session host: ${message}\n`);
}

main().catch((error: unknown) => {
  log(`cannot start: ${error instanceof Error ? error.stack : String(error)}`);
  process.exit(1);
});
