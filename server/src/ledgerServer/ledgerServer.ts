import os from 'node:os';
import path from 'node:path';
import { messageOf, setUnexpectedErrorHandler, stackOf, UserError } from '../base/errors';
import { Mutex } from '../base/mutex';
import type { Lease } from '../base/lease';
import { FileLog, type Log } from '../base/log';
import { logged } from '../base/logged';
import { isPresent } from '../base/safePaths';
import { plural } from '../base/text';
import { makePrivateFolder, removeFolder } from '../base/safeFolders';
import { LedgerSettingChange } from '../protocol/ledger';
import type { CallContext } from '../protocol/dispatcher';
import type { RequestSpec } from '../protocol/request';
import { ServerRetire } from '../protocol/town';
import type { Acceptance, Hello } from '../protocol/transport/handshake';
import { Connections } from '../protocol/transport/connections';
import { listen, type RpcServer } from '../protocol/transport/rpcServer';
import { serve } from '../protocol/transport/serve';
import { ledgerPlaceIn } from '../protocol/transport/serverPlace';
import type { KnownProject } from '../beads/external/projects';
import { runOnce } from '../beads/runOnce';
import { LedgerFolder } from './ledgerFolder';
import { nameLedger, removeUnusedFolders } from './ledgerFolders';
import { LedgerSaving, ledgerWriter } from './ledgerSaving';
import { lockLedger, serverNote } from './lockLedger';
import { OpenLedger } from './openLedger';

/** Time without a client after which the server ends. */
export const IDLE_MS = 5 * 60_000;
/** Interval of the checks whether the server still has the ledger, and is still needed. */
const CHECK_MS = 1_000;
/** Time after the start at which the derived data of removed ledgers is deleted. Milliseconds. */
const TIDY_MS = 60_000;
/** How long to wait for a command that has the ledger open itself. */
const LOCK_MS = 30_000;
/** Time after which an ending server exits, even if something still runs. */
const END_LIMIT_MS = 5_000;

export interface LedgerServerOptions {
  /** The `.beads` folder, without links. */
  directory: string;
  /** The user's folder for the files of this server. */
  state: string;
  idleMs?: number;
  /** Other projects of the user. */
  projects?: (onError: (error: Error) => void) => Promise<KnownProject[]>;
}

/** Serves one ledger outside of every town to command lines until it is idle. */
export class LedgerServer {
  private readonly clients: Connections;
  private rpc: RpcServer | undefined;
  private nextConnection = 1;
  private idleSince = Date.now();
  private ending = false;
  private readonly preparing = new Mutex();

  private constructor(
    private readonly options: LedgerServerOptions,
    private readonly ledger: OpenLedger,
    private readonly folder: LedgerFolder,
    private readonly saving: LedgerSaving,
    private readonly lease: Lease,
    private readonly log: Log,
  ) {
    this.clients = new Connections(log);
    ledger.dispatcher.on(ServerRetire.spec, async () => {
      setImmediate(() => void this.end('another program takes over'));
      return null;
    });
  }

  /** Opens the ledger and listens. @throws UserError if another process has the ledger, or it cannot be opened */
  static async start(options: LedgerServerOptions): Promise<LedgerServer> {
    const { directory, state } = options;
    const place = ledgerPlaceIn(state, directory);
    makePrivateFolder(state);
    nameLedger(state, directory);
    const log = new FileLog(place.logFile);
    setUnexpectedErrorHandler((error) => log.error(`unexpected: ${stackOf(error)}`));
    const lease = await lockLedger(directory, LOCK_MS, serverNote(state));
    if (!lease) throw new UserError(`${directory} cannot be written`, undefined, 'unavailable');
    try {
      const server = await LedgerServer.open(options, lease, log);
      await server.listen(place.endpointFile);
      log.info(`serving ${directory}`);
      return server;
    } catch (error) {
      log.error(`cannot start: ${messageOf(error)}`);
      lease.release();
      throw error;
    }
  }

  private static async open(options: LedgerServerOptions, lease: Lease, log: Log): Promise<LedgerServer> {
    const { directory, state, projects } = options;
    const folder = new LedgerFolder(directory);
    const writer = ledgerWriter((text) => log.error(text));
    const ledger = await OpenLedger.open({
      directory,
      lease,
      state,
      places: ({ cwd }) => ({ home: os.homedir(), ...(cwd === undefined ? {} : { cwd }) }),
      checkpoints: writer,
      onError: (error) => log.error(messageOf(error)),
      ...(projects ? { projects: () => projects((error) => log.error(messageOf(error))) } : {}),
    });
    return new LedgerServer(options, ledger, folder, new LedgerSaving(ledger, writer, log), lease, log);
  }

  private async listen(endpointFile: string): Promise<void> {
    this.rpc = await listen({
      root: this.options.directory,
      purpose: 'ledger',
      endpointFile,
      accept: acceptHello,
      onConnection: (connection, hello, { socket }) => {
        const id = `c${this.nextConnection++}`;
        this.clients.add(id, socket, (method, params) => connection.sendNotification(method, params));
        socket.once('close', () => {
          this.clients.remove(id);
          this.idleSince = Date.now();
        });
        serve(
          connection,
          this.ledger.dispatcher,
          (operation) => contextOf(hello, operation),
          () => undefined, // only the user's own commands can connect, and they may do everything
          (method, error) => this.log.error(`${method}: ${stackOf(error)}`),
          (spec, context, run) => this.handle(spec, context, run),
        );
        connection.listen();
      },
      log: (text) => this.log.info(text),
    });
    const check = logged(
      (reason) => this.log.error(`check: ${reason}`),
      () => this.check(),
    );
    setInterval(check, CHECK_MS).unref();
    const tidy = logged(
      (reason) => this.log.error(`cache: ${reason}`),
      () => this.removeUnusedFolders(),
    );
    setTimeout(tidy, TIDY_MS).unref();
  }

  /** Removes the derived data of other ledgers that no longer exist. */
  private removeUnusedFolders(): void {
    const removed = removeUnusedFolders(path.dirname(this.options.state), Date.now());
    if (removed.length > 0)
      this.log.info(`removed the data of ${plural(removed.length, 'ledger')} that no longer exist`);
  }

  private async handle(spec: RequestSpec, context: CallContext, run: () => Promise<unknown>): Promise<unknown> {
    if (spec.method === ServerRetire.spec.method) return run();
    // One at a time: no request is answered while another one reads changed files.
    await this.preparing.run(() => this.prepare());
    const result = await runOnce(this.ledger.store, spec, context, run);
    if (spec.access !== 'read') {
      if (spec.method === LedgerSettingChange.spec.method) this.folder.settingsRead();
      this.saving.changed();
    }
    return result;
  }

  /**
   * Reads outside changes of the ledger before a request. As without a server, a read request writes nothing, so that a
   * checked-out branch stays clean.
   */
  private async prepare(): Promise<void> {
    if (!this.ending && !this.lease.isCurrent()) this.lose();
    if (!this.ending && this.folder.hasOtherSettings()) void this.end('the settings of the ledger were changed');
    if (!this.ending && (await this.ledger.store.isOutdated()))
      await this.ledger.store.reopenChanged().catch((error: unknown) => this.end(messageOf(error)));
    if (!this.ending) await this.ledger.store.externals.refreshIfDue();
    // The connection is about to be closed, and the client will retry with the next server.
    if (this.ending) await new Promise(() => undefined);
  }

  private check(): void {
    if (this.ending) return;
    if (!this.lease.isCurrent()) this.lose();
    if (!isPresent(this.options.state)) return void this.end('the folder of its files was removed');
    this.rpc?.keepEndpoint();
    this.clients.cutStuck();
    if (this.clients.size > 0) this.idleSince = Date.now();
    else if (Date.now() - this.idleSince > (this.options.idleMs ?? IDLE_MS)) void this.end('nobody needs it');
  }

  /** Ends the server after the ledger was removed or taken by another process: nothing may be written any more. */
  private lose(): never {
    this.log.error(`${this.options.directory} is gone, or another process has it`);
    void this.rpc?.close();
    if (!isPresent(this.options.directory)) removeFolder(this.options.state);
    process.exit(1);
  }

  /** Saves what it can within the limit, and ends the process. */
  async end(reason: string): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    this.log.info(`ending: ${reason}`);
    setTimeout(() => this.exit(0), END_LIMIT_MS).unref();
    try {
      await this.rpc?.close();
      await this.saving.finish();
      await this.ledger.close();
    } catch (error) {
      this.log.error(messageOf(error));
    }
    this.exit(0);
  }

  /**
   * Ends the process after an unexpected exception: the memory cannot be trusted, and acknowledged changes are in the
   * journal.
   */
  crash(reason: string): never {
    this.log.error(reason);
    return this.exit(1);
  }

  private exit(code: number): never {
    this.lease.release();
    process.exit(code);
  }
}

/** The handshake has proved that it is the user's own program; only command lines are accepted. */
function acceptHello({ kind }: Hello): Acceptance {
  return kind === 'cli' ? { ok: true } : { ok: false, reason: 'this server serves bd alone', code: 'refused' };
}

function contextOf({ actor = 'unknown', cwd }: Hello, operation: string | undefined): CallContext {
  return {
    actor,
    kind: 'person',
    ...(cwd === undefined ? {} : { cwd }),
    ...(operation === undefined ? {} : { operation }),
  };
}
