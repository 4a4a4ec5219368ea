import net from 'node:net';
import path from 'node:path';
import { messageOf, UserError } from '../../base/errors';
import { readTail } from '../../base/safeFiles';
import { findLedger, followRedirect, isLedger } from '../../beads/storage/locate';
import { ledgerFolders } from '../../ledgerServer/ledgerFolders';
import { stopLedgerServer } from '../../ledgerServer/lockLedger';
import { LedgerInfoGet } from '../../protocol/ledger';
import { ledgerPlace, ledgerStatesFolder, townPlace, type ServerPlace } from '../../protocol/transport/serverPlace';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { runningServer } from '../shared/runningServer';
import { namedLedger, townOfLedger } from './openBackend';

/** Maximum number of bytes of a log that are shown. */
const LOG_BYTES = 16 * 1024;

const LEDGER = 'a folder with a ledger, or the process id of its server; this ledger without it';
const NO_SERVER = 'This ledger is used without a server: --no-daemon, BEADS_NO_DAEMON, its config.yaml or its folder.';

interface ServerRow {
  workspace: string;
  pid: number;
  socket: string;
}

/** `bd daemon`: the servers of ledgers, which start and end automatically. `bd daemons` is an alias. */
export function addDaemon(program: CliCommand, context: BdContext): void {
  const group = program
    .command('daemon')
    .alias('daemons')
    .description('the server of a ledger: which one runs, start and stop it')
    .withHelp({
      text: 'Outside a town a server starts with the first command on a ledger and ends 5 minutes after the last. Nothing is lost when it is stopped. The server of a town is another one: gt status, gt shutdown.',
      examples: [
        ['bd daemon status', 'whether one runs for this ledger'],
        ['bd daemon stop', 'end it'],
      ],
      see: ['bd info'],
    });
  addStatus(group, context);
  addStart(group, context);
  addStop(group, context);
  addList(group, context);
  addLogs(group, context);
  addRestart(group, context);
  addHealth(group, context);
  addKillAll(group, context);
}

function addStatus(group: CliCommand, context: BdContext): void {
  group
    .command('status')
    .description('whether a server runs for this ledger')
    .withHelp({ examples: [['bd daemon status --json', 'its process, socket and log']], see: ['bd daemon list'] })
    .action((_options: unknown, invocation: Invocation) => {
      const place = placeHere(context, invocation);
      const server = runningServer(place);
      const value = {
        workspace: place.root,
        status: server ? 'running' : 'not_running',
        ...(server ? { pid: server.pid, socket_path: server.socket } : {}),
        log_path: place.logFile,
        mode: place.kind,
      };
      context.print(invocation, value, () =>
        server
          ? [
              `Server is running (PID ${server.pid})`,
              `  Workspace: ${place.root}`,
              `  Socket: ${server.socket}`,
              `  Log: ${place.logFile}`,
            ]
          : ['Server is not running', `  Workspace: ${place.root}`],
      );
    });
}

function addStart(group: CliCommand, context: BdContext): void {
  group
    .command('start')
    .description('start the server of this ledger; any other command starts it too')
    .option('--auto-commit', 'accepted, has no effect: bd sync commits')
    .option('--auto-push', 'accepted, has no effect: bd sync pushes')
    .option('--auto-pull', 'accepted, has no effect: bd sync pulls')
    .option('--interval <duration>', 'accepted, has no effect: changes are written at once')
    .hiddenOption('--foreground', 'accepted, has no effect: it always runs in the background')
    .hiddenOption('--local', 'accepted, has no effect')
    .hiddenOption('--log <file>', 'accepted, has no effect: bd daemon logs shows the log')
    .hiddenOption('--log-json', 'accepted, has no effect')
    .hiddenOption('--log-level <level>', 'accepted, has no effect')
    .withHelp({ examples: [['bd daemon start', 'start it']], see: ['bd daemon stop'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      await context.call(invocation, LedgerInfoGet.spec, {});
      const place = placeHere(context, invocation);
      const server = runningServer(place);
      if (!server) throw new UserError('no server was started', NO_SERVER);
      context.print(
        invocation,
        { workspace: place.root, pid: server.pid },
        () => `Server is running (PID ${server.pid})`,
      );
    });
}

function addStop(group: CliCommand, context: BdContext): void {
  group
    .command('stop')
    .description('stop the server of a ledger')
    .argument('[ledger]', LEDGER)
    .withHelp({
      text: 'It saves its changes, and the next command starts another one.',
      examples: [
        ['bd daemon stop', 'of this ledger'],
        ['bd daemon stop ~/work/app', 'of another one, by its folder or by the process id of its server'],
      ],
      see: ['bd daemon list'],
    })
    .action(async (name: string | undefined, _options: unknown, invocation: Invocation) => {
      const directory = name === undefined ? ledgerHere(context, invocation) : ledgerNamed(context, name);
      const ended = await stopLedgerServer(directory);
      const value = { workspace: directory, stopped: ended !== undefined, ...(ended ? { pid: ended.pid } : {}) };
      context.print(invocation, value, () =>
        ended ? `Stopped the server (PID ${ended.pid})` : 'Server is not running',
      );
    });
}

function addList(group: CliCommand, context: BdContext): void {
  group
    .command('list')
    .description('list the servers of your ledgers that run')
    .hiddenOption('--search <folders>', 'accepted, has no effect: all servers are listed')
    .hiddenOption('--no-cleanup', 'accepted, has no effect')
    .withHelp({ examples: [['bd daemon list', 'their ledgers and processes']], see: ['bd daemon stop'] })
    .action((_options: unknown, invocation: Invocation) => {
      const rows = runningServers(context);
      context.print(invocation, rows, () =>
        rows.length === 0 ? 'No servers are running' : rows.map(({ pid, workspace }) => `${pid}\t${workspace}`),
      );
    });
}

function addLogs(group: CliCommand, context: BdContext): void {
  group
    .command('logs')
    .description('show the end of the log of the server of this ledger')
    .withHelp({ examples: [['bd daemon logs', 'the end of its log']], see: ['bd daemon status'] })
    .action((_options: unknown, invocation: Invocation) => {
      const { logFile } = placeHere(context, invocation);
      const text = readTail(logFile, LOG_BYTES).toString('utf8').trimEnd();
      context.print(invocation, { log_path: logFile, log: text }, () => (text === '' ? 'The log is empty' : text));
    });
}

function addRestart(group: CliCommand, context: BdContext): void {
  group
    .command('restart')
    .description('stop the server of a ledger and start another one')
    .argument('[ledger]', LEDGER)
    .withHelp({ examples: [['bd daemon restart', 'of this ledger']], see: ['bd daemon stop'] })
    .action(async (name: string | undefined, _options: unknown, invocation: Invocation) => {
      const directory = name === undefined ? ledgerHere(context, invocation) : ledgerNamed(context, name);
      await stopLedgerServer(directory);
      const there: Invocation = { ...invocation, options: { ...invocation.options, db: directory } };
      await context.call(there, LedgerInfoGet.spec, {});
      const server = runningServer(placeHere(context, there));
      if (!server) throw new UserError('no server was started', NO_SERVER);
      context.print(
        invocation,
        { workspace: directory, pid: server.pid },
        () => `Restarted the server (PID ${server.pid})`,
      );
    });
}

function addHealth(group: CliCommand, context: BdContext): void {
  group
    .command('health')
    .description('whether the servers of your ledgers accept connections')
    .withHelp({
      examples: [['bd daemon health', 'all of them']],
      see: ['bd daemon list', 'bd daemon restart'],
      exits: { 1: 'one does not' },
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const daemons = await Promise.all(
        runningServers(context).map(async (row) => ({
          ...row,
          status: (await takesConnections(row.socket)) ? ('healthy' as const) : ('unresponsive' as const),
        })),
      );
      const healthy = daemons.filter(({ status }) => status === 'healthy').length;
      const unresponsive = daemons.length - healthy;
      if (unresponsive > 0) context.exitCode = 1;
      context.print(invocation, { total: daemons.length, healthy, unresponsive, daemons }, () => [
        'Daemon Health Check:',
        `  Total:        ${daemons.length}`,
        `  Healthy:      ${healthy}`,
        `  Unresponsive: ${unresponsive}`,
        ...daemons.filter(({ status }) => status !== 'healthy').map(({ pid, workspace }) => `${pid}\t${workspace}`),
      ]);
    });
}

function addKillAll(group: CliCommand, context: BdContext): void {
  group
    .command('killall')
    .description('stop the servers of all your ledgers')
    .option('--force', 'accepted, has no effect: a server saves its changes before it ends')
    .withHelp({ examples: [['bd daemon killall', 'all but those of towns']], see: ['bd daemon stop'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      let stopped = 0;
      const failed: string[] = [];
      for (const { workspace } of runningServers(context)) {
        try {
          if (await stopLedgerServer(workspace)) stopped += 1;
        } catch (error) {
          failed.push(`${workspace}: ${messageOf(error)}`);
        }
      }
      if (failed.length > 0) context.exitCode = 1;
      context.print(invocation, { stopped, failed: failed.length, failures: failed }, () => [
        stopped === 0 && failed.length === 0 ? 'No servers are running' : `Stopped: ${stopped}`,
        ...failed,
      ]);
    });
}

const CONNECT_MS = 2_000;

function takesConnections(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(socket);
    const end = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(CONNECT_MS, () => end(false));
    connection.once('connect', () => end(true));
    connection.once('error', () => end(false));
  });
}

function runningServers({ process }: BdContext): ServerRow[] {
  return ledgerFolders(ledgerStatesFolder(process.env)).flatMap(({ directory, endpoint }) =>
    endpoint ? [{ workspace: directory ?? 'unknown', pid: endpoint.pid, socket: endpoint.socket }] : [],
  );
}

function placeHere(context: BdContext, invocation: Invocation): ServerPlace {
  const { cwd, env } = context.process;
  const named = namedLedger({ cwd, env, db: (invocation.options as { db?: string }).db });
  const town = townOfLedger({ cwd, env }, named);
  if (town !== undefined) return townPlace(town);
  const directory = named ?? findLedger(cwd);
  if (directory === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  return ledgerPlace(directory, env);
}

function ledgerHere(context: BdContext, invocation: Invocation): string {
  const place = placeHere(context, invocation);
  if (place.kind === 'town')
    throw new UserError(
      'this ledger belongs to a town, whose server also runs its engine',
      'Stop it with: gt shutdown',
      'refused',
    );
  return place.root;
}

/** @param name a folder with a ledger, the ledger itself, or a process id */
function ledgerNamed(context: BdContext, name: string): string {
  const { cwd } = context.process;
  if (/^\d+$/.test(name)) {
    const found = runningServers(context).find(({ pid }) => pid === Number(name));
    if (!found) throw new UserError(`no server of a ledger has the process id ${name}`, 'bd daemon list', 'not-found');
    return found.workspace;
  }
  const folder = path.resolve(cwd, name);
  const directory = [folder, path.join(folder, '.beads')].find(isLedger);
  if (directory === undefined) throw new UserError(`no beads database found at ${folder}`, undefined, 'not-found');
  return followRedirect(directory);
}
