import fs from 'node:fs';
import path from 'node:path';
import { hasCode, UserError } from '../../base/errors';
import { followRedirect, findLedger, isLedger } from '../../beads/storage/locate';
import { DirectBackend } from './directBackend';
import type { Backend } from './localBackend';
import { townOfDirectory } from '../shared/findTown';
import type { StartedLink } from '../../protocol/transport/commandClient';
import { ledgerPlace, ledgerStateFolder, townPlace, type ServerPlace } from '../../protocol/transport/serverPlace';
import { actorName, helloOf } from '../shared/connect';

export type { Backend } from './localBackend';

export interface BackendOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  actor: string | undefined;
  /** `--db`: a `.beads` folder or a file in one. */
  db: string | undefined;
  /** `--no-daemon` or `--sandbox`: outside of a town the ledger is opened by this process. */
  isServerOff: boolean;
  started: StartedLink | undefined;
  warn: (text: string) => void;
}

/**
 * Inside a town its server is the only writer. Outside of towns the ledger has its own server while it is used, or is
 * opened by the command under a lock.
 */
export async function openBackend(options: BackendOptions): Promise<Backend> {
  const named = namedLedger(options);
  const town = townOfLedger(options, named);
  const canOnlyRead = town !== undefined && (await isReadOnly(town));
  if (town !== undefined && !canOnlyRead) return openTown(town, commandFolder(options.cwd, named, town), options);
  const directory = named ?? findLedger(options.cwd);
  if (canOnlyRead)
    options.warn(
      `Warning: ${town} cannot be written, so no server is started: only ${directory ?? 'nothing'} is read\n`,
    );
  if (directory === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  const place = canOnlyRead ? undefined : chosenPlace(directory, options);
  const served = place && (await openLedgerServer(place, options));
  if (served) return served;
  return new DirectBackend(directory, ledgerStateFolder(directory, options.env), () => openLocally(directory, options));
}

/** @returns undefined if the command has to open the ledger itself */
async function openLedgerServer(place: ServerPlace, options: BackendOptions): Promise<Backend | undefined> {
  const { LedgerServerBackend, canStartServer, startWarning } = await import('./ledgerBackend');
  const { cwd, env, started, warn } = options;
  if (started?.root !== place.root && !canStartServer(place, env)) return undefined;
  const backend = new LedgerServerBackend({
    place,
    cwd,
    started,
    warn,
    actor: () => actorName(options.actor, env, cwd),
  });
  try {
    await backend.connect();
    return backend;
  } catch (error) {
    const { NotAnswering } = await import('../../protocol/transport/launch');
    // A server that hangs holds the ledger, so it cannot be opened here either.
    if (!(error instanceof UserError) || error.code !== 'unavailable' || error instanceof NotAnswering) throw error;
    // Problems of the ledger itself are reported when it is opened.
    const local = await openLocally(place.root, options);
    warn(startWarning(error));
    return local;
  }
}

async function openLocally(directory: string, options: BackendOptions): Promise<Backend> {
  const { openLocalBackend } = await import('./localBackend');
  const { cwd, env, warn } = options;
  return openLocalBackend(directory, {
    actor: await actorName(options.actor, env, cwd),
    warn,
    cwd,
    home: env.HOME ?? env.USERPROFILE,
    town: env.GT_ROOT,
    state: ledgerStateFolder(directory, env),
  });
}

/** Whether this user cannot write in a town without a running server: its ledgers can still be read. */
async function isReadOnly(town: string): Promise<boolean> {
  try {
    fs.accessSync(path.join(town, '.runtime'), fs.constants.W_OK);
    return false;
  } catch (error) {
    if (!hasCode(error, 'EACCES') && !hasCode(error, 'EROFS') && !hasCode(error, 'EPERM')) return false;
  }
  const { runningServer } = await import('../shared/runningServer');
  return runningServer(townPlace(town)) === undefined;
}

/** The town whose server owns the ledger; undefined for a ledger outside of any. */
export function townOfLedger(
  { cwd, env }: Pick<BackendOptions, 'cwd' | 'env'>,
  named: string | undefined,
): string | undefined {
  return named === undefined ? townOfDirectory(cwd, env) : townOfDirectory(named, {});
}

/** The folder that `--db` or BEADS_DIR names. */
export function namedLedger(options: Pick<BackendOptions, 'cwd' | 'env' | 'db'>): string | undefined {
  const name = options.db ?? (options.env.BEADS_DIR || options.env.BEADS_DB);
  if (!name) return undefined;
  const given = path.resolve(options.cwd, name);
  const directory = fs.statSync(given, { throwIfNoEntry: false })?.isDirectory() ? given : path.dirname(given);
  const ledger = [directory, path.join(directory, '.beads')].find(isLedger);
  if (ledger === undefined)
    throw new UserError(`no beads database found at ${given}`, 'run "bd init" to create one', 'not-found');
  return followRedirect(ledger);
}

/**
 * The folder that decides the ledger of the town, and whether the caller must have a session token: inside of the town
 * the working directory, outside of it the folder of the named ledger.
 */
function commandFolder(cwd: string, named: string | undefined, town: string): string {
  return named === undefined || townOfDirectory(cwd, {}) === town ? cwd : path.dirname(named);
}

async function openTown(root: string, cwd: string, options: BackendOptions): Promise<Backend> {
  const { CommandClient } = await import('../../protocol/transport/commandClient');
  const place = townPlace(root);
  const town = new CommandClient(place, async () => ({ ...(await helloOf(options, options.actor)), cwd }), {
    started: options.started,
  });
  return {
    place,
    call: (spec, params) => town.call(spec, params),
    close: async () => town.close(),
  };
}

const TRUE = /^(?:1|t|true|y|yes|on)$/i;

/**
 * Place of the server of a ledger outside of every town; undefined for a command that opens the ledger itself: on
 * request, or because it runs in a session of a town, whose rights only the town can check.
 */
export function chosenPlace(
  directory: string,
  { env, isServerOff }: Pick<BackendOptions, 'env' | 'isServerOff'>,
): ServerPlace | undefined {
  const saysNo = [env.BEADS_NO_DAEMON, env.BD_NO_DAEMON].some((value) => TRUE.test(value ?? ''));
  if (isServerOff || saysNo || env.GT_ROOT || env.GT_SESSION_TOKEN) return undefined;
  return ledgerPlace(directory, env);
}

/** The server that a command will call, as far as it is known without parsing. May throw. */
export function placeOfCommand(cwd: string, env: NodeJS.ProcessEnv, words: readonly string[]): ServerPlace | undefined {
  const named = namedLedger({ cwd, env, db: undefined });
  const town = townOfLedger({ cwd, env }, named);
  if (town !== undefined) return townPlace(town);
  const directory = named ?? findLedger(cwd);
  const isServerOff = words.some((word) => word === '--no-daemon' || word === '--sandbox');
  return directory === undefined ? undefined : chosenPlace(directory, { env, isServerOff });
}
