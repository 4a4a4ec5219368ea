import path from 'node:path';
import { StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { UserError, messageOf } from './base/errors';
import { startFailureLine } from './protocol/transport/startFailure';
import { bundledFile } from './base/bundledFile';
import { JobWorker } from './base/jobs/jobWorker';
import { languageServer } from './language/server/languageServer';
import { TownServer } from './townServer/server';
import { canonicalPath } from './base/safePaths';

let running: TownServer | undefined;

/**
 * `server --town <root>` serves a town through its socket, detached from whoever started it.
 * `server --stdio` serves the language features alone, where there is no town.
 */
async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf('--town');
  const root = at < 0 ? undefined : args[at + 1];
  if (root === undefined) {
    const end = (): void => process.exit(0);
    process.stdin.once('close', end); // whoever started it is gone
    process.stdout.once('error', end);
    languageServer(
      { reader: new StreamMessageReader(process.stdin), writer: new StreamMessageWriter(process.stdout) },
      end,
      { jobs: new JobWorker({ script: bundledFile('formulaWorker.js'), log }) },
    ).listen();
    return;
  }
  process.chdir(path.parse(process.cwd()).root);
  const server = await TownServer.start(canonicalPath(root));
  if (!server) process.exit(0); // another server has the town: the client finds that one
  running = server;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void server.end(signal));
  process.on('SIGHUP', () => undefined); // the window that started it has closed
}

/**
 * After an unexpected exception the state in memory is unknown: the server writes it down and ends. What was acknowledged
 * is in the journals; the session host, or the next command, starts a server again.
 */
function crash(what: string, error: unknown): void {
  const reason = `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
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
