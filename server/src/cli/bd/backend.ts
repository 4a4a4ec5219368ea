import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { followRedirect, findLedger, isLedger } from '../../beads/storage/locate';
import type { Caller } from '../../protocol/request';
import { townOfDirectory } from '../shared/findTown';
import { actorName } from '../shared/actor';

/** Where requests go: the town's server, or the ledger itself. Must be closed. */
export interface Backend extends Caller {
  close(): Promise<void>;
}

export interface BackendOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  actor: string | undefined;
  /** `--db`: a `.beads` folder or a file in one. */
  db: string | undefined;
  warn: (text: string) => void;
}

/** Inside a town there is one writer, its server; outside the ledger is opened under a lock. */
export async function openBackend(options: BackendOptions): Promise<Backend> {
  const named = namedLedger(options);
  const town = named === undefined ? townOfDirectory(options.cwd, options.env) : townOfDirectory(named, {});
  if (town !== undefined) return openTown(town, commandFolder(options.cwd, named, town), options);
  const directory = named ?? findLedger(options.cwd);
  if (directory === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  const { openLocal } = await import('./local');
  const { cwd, env } = options;
  return openLocal(directory, actorName(options.actor, env, cwd), options.warn, {
    cwd,
    home: env.HOME ?? env.USERPROFILE,
    town: env.GT_ROOT,
  });
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
 * Inside the town the folder one is in decides, both whose ledger is meant and who must show a token; a ledger that
 * was named counts for a caller from elsewhere.
 */
function commandFolder(cwd: string, named: string | undefined, town: string): string {
  return named === undefined || townOfDirectory(cwd, {}) === town ? cwd : path.dirname(named);
}

async function openTown(root: string, cwd: string, options: BackendOptions): Promise<Backend> {
  const { connectTown } = await import('../../protocol/transport/connect');
  const { env } = options;
  const token = env.GT_SESSION_TOKEN;
  const claimed = options.actor ?? env.BD_ACTOR;
  const town = await connectTown(
    root,
    token
      ? { kind: 'agent', token, cwd, ...(claimed === undefined ? {} : { actor: claimed }) }
      : { kind: 'cli', cwd, actor: actorName(options.actor, env, options.cwd) },
  );
  return {
    call: (spec, params) => town.call(spec, params),
    close: async () => town.close(),
  };
}
