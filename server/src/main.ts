import path from 'node:path';
import { UserError, messageOf, stackOf } from './base/errors';
import { startFailureLine } from './protocol/transport/startFailure';
import { bundledFile } from './base/bundledFile';
import { JobWorker } from './base/jobs/jobWorker';
import { canonicalPath } from './base/safePaths';

/** What is served, once it is. */
interface Running {
  end(reason: string): Promise<void>;
  crash(reason: string): never;
}

let running: Running | undefined;

/**
 * `server --town <root>` serves a town through its socket, detached from the process that started it. `server --ledger
 * <directory> --state <folder> [--idle <ms>]` serves a ledger outside of every town in the same way. `server --stdio`
 * serves only the language features, for windows without a town.
 */
async function main(args: readonly string[]): Promise<void> {
  const valueOf = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const [town, ledger, state] = ['--town', '--ledger', '--state'].map(valueOf);
  if (town !== undefined) return runDetached(() => startTown(town));
  if (ledger !== undefined && state !== undefined)
    return runDetached(() => startLedger(ledger, state, valueOf('--idle')));
  return serveLanguage();
}

/** Serves only the language features, for the client at the other end of stdio. */
async function serveLanguage(): Promise<void> {
  const [{ languageServer }, { StreamMessageReader, StreamMessageWriter }] = await Promise.all([
    import('./language/server/languageServer'),
    import('vscode-jsonrpc/node'),
  ]);
  const end = (): void => process.exit(0);
  process.stdin.once('close', end); // the client has exited
  process.stdout.once('error', end);
  languageServer(
    { reader: new StreamMessageReader(process.stdin), writer: new StreamMessageWriter(process.stdout) },
    end,
    { jobs: new JobWorker({ script: bundledFile('formulaWorker.js'), log }) },
  ).listen();
}

// Loaded separately: a command waits for the server of its ledger to start, which needs only a part of the program.
async function startTown(root: string): Promise<Running | undefined> {
  const { TownServer } = await import('./townServer/server');
  return TownServer.start(canonicalPath(root));
}

async function startLedger(directory: string, state: string, idle: string | undefined): Promise<Running | undefined> {
  const { LedgerServer } = await import('./ledgerServer/ledgerServer');
  return LedgerServer.start({
    directory: canonicalPath(directory),
    state: canonicalPath(state),
    projects: async (onError) => (await import('./town/knownProjects')).knownProjects(onError),
    ...(idle === undefined ? {} : { idleMs: Number(idle) }),
  });
}

async function runDetached(start: () => Promise<Running | undefined>): Promise<void> {
  process.chdir(path.parse(process.cwd()).root);
  const server = await start();
  if (!server) process.exit(0); // another server serves it: the client finds that one
  running = server;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void server.end(signal));
  process.on('SIGHUP', () => undefined); // the window that started it has closed
}

/**
 * After an unexpected exception the state in memory is unknown: the server writes it down and ends. What was
 * acknowledged is in the journals; the session host, or the next command, starts a server again.
 */
function crash(what: string, error: unknown): void {
  const reason = `${what}: ${stackOf(error)}`;
  if (running) running.crash(reason);
  log(reason);
  process.exit(1);
}
process.on('uncaughtException', (error) => crash('uncaught exception', error));
process.on('unhandledRejection', (error) => crash('unhandled rejection', error));

function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${process.pid} error ${message}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof UserError ? startFailureLine(error) : messageOf(error)}\n`);
  process.exit(1);
});
