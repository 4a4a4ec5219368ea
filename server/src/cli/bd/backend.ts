import fs from 'node:fs';
import path from 'node:path';
import { hasCode, UserError } from '../../base/errors';
import { isAlive } from '../../base/process';
import { followRedirect, findLedger, isLedger } from '../../beads/storage/locate';
import type { Backend } from './localBackend';
import { townOfDirectory } from '../shared/findTown';
import type { StartedLink } from '../../protocol/transport/commandClient';
import { readEndpoint, serverEndpointFile } from '../../protocol/transport/endpointFile';
import { actorName, helloOf } from '../shared/connect';

export type { Backend } from './localBackend';

export interface BackendOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  actor: string | undefined;
  /** `--db`: a `.beads` folder or a file in one. */
  db: string | undefined;
  started: StartedLink | undefined;
  warn: (text: string) => void;
}

/** Inside a town the server is the only writer; elsewhere the ledger is opened under a lock. */
export async function openBackend(options: BackendOptions): Promise<Backend> {
  const named = namedLedger(options);
  const town = townOfLedger(options, named);
  const canOnlyRead = town !== undefined && isReadOnly(town);
  if (town !== undefined && !canOnlyRead) return openTown(town, commandFolder(options.cwd, named, town), options);
  const directory = named ?? findLedger(options.cwd);
  if (canOnlyRead)
    options.warn(
      `Warning: ${town} cannot be written, so no server is started: only ${directory ?? 'nothing'} is read\n`,
    );
  if (directory === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  const { openLocalBackend } = await import('./localBackend');
  const { cwd, env } = options;
  return openLocalBackend(directory, await actorName(options.actor, env, cwd), options.warn, {
    cwd,
    home: env.HOME ?? env.USERPROFILE,
    town: env.GT_ROOT,
  });
}

/** Whether this user cannot write in a town, and no server answers for it: its ledgers can be read all the same. */
function isReadOnly(town: string): boolean {
  const endpoint = readEndpoint(serverEndpointFile(town));
  if (endpoint && isAlive(endpoint)) return false;
  try {
    fs.accessSync(path.join(town, '.runtime'), fs.constants.W_OK);
    return false;
  } catch (error) {
    return hasCode(error, 'EACCES') || hasCode(error, 'EROFS') || hasCode(error, 'EPERM');
  }
}

/** The town whose server keeps the ledger; undefined for a ledger outside of any. */
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
 * The folder that decides which ledger of the town is meant, and whether the caller must have a session token: inside
 * of the town the working directory, outside of it the folder of the ledger that was named.
 */
function commandFolder(cwd: string, named: string | undefined, town: string): string {
  return named === undefined || townOfDirectory(cwd, {}) === town ? cwd : path.dirname(named);
}

async function openTown(root: string, cwd: string, options: BackendOptions): Promise<Backend> {
  const { CommandClient } = await import('../../protocol/transport/commandClient');
  const town = new CommandClient(root, async () => ({ ...(await helloOf(options, options.actor)), cwd }), {
    started: options.started,
  });
  return {
    call: (spec, params) => town.call(spec, params),
    close: async () => town.close(),
  };
}
