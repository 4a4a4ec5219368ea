import path from 'node:path';
import { hmacSha256 } from '../../base/hmac';
import { canonicalPath } from '../../base/safePaths';
import { serverEndpointFile } from './endpointFile';

/** Location of a server's files, and how to start it. */
export interface ServerPlace {
  kind: 'town' | 'ledger';
  /** What the server serves: the root of a town, or a ledger outside of any town. */
  root: string;
  /** Arguments of the server's program. */
  arguments: string[];
  endpointFile: string;
  logFile: string;
  /** Folder of the lease that lets one of many waiting clients start the program. */
  startLease: string;
  /** Folder of the lease that the program itself holds while it runs. */
  programLease: string;
}

/** The server of a town has its files in the town. */
export function townPlace(root: string): ServerPlace {
  return {
    kind: 'town',
    root,
    arguments: ['--town', root],
    endpointFile: serverEndpointFile(root),
    logFile: path.join(root, 'daemon', 'daemon.log'),
    startLease: path.join(root, '.runtime', 'server-start'),
    programLease: path.join(root, '.runtime', 'lease'),
  };
}

/**
 * The server of a ledger outside of every town has its files in a folder owned by the user, never in the ledger: a
 * clone that brings a ledger along must not control where its server listens or what its index contains.
 * @param directory the `.beads` folder, without links
 */
export function ledgerPlace(directory: string, env: NodeJS.ProcessEnv): ServerPlace {
  return ledgerPlaceIn(ledgerStateFolder(directory, env), directory);
}

/** Like `ledgerPlace`, with a given state folder. @param state the folder of the server's files */
export function ledgerPlaceIn(state: string, directory: string): ServerPlace {
  return {
    kind: 'ledger',
    root: directory,
    arguments: ['--ledger', directory, '--state', state],
    endpointFile: path.join(state, 'server.json'),
    logFile: path.join(state, 'server.log'),
    startLease: path.join(state, 'start'),
    // Every writer of the ledger holds this lease, with or without a server.
    programLease: path.join(directory, '.lock'),
  };
}

/** The user's folder for derived data about this ledger, all of which can be rebuilt. */
export function ledgerStateFolder(directory: string, env: NodeJS.ProcessEnv): string {
  return path.join(ledgerStatesFolder(env), stateFolderName(directory));
}

/** @param directory the `.beads` folder, without links */
export function stateFolderName(directory: string): string {
  return hmacSha256(Buffer.from('ledger'), directory).slice(0, 20);
}

/** Has a folder for each ledger that is used outside of a town. */
export function ledgerStatesFolder(env: NodeJS.ProcessEnv): string {
  const base =
    env.XDG_CACHE_HOME || (process.platform === 'win32' && env.LOCALAPPDATA) || path.join(homeOf(env), '.cache');
  return path.join(canonicalPath(base), 'gastown', 'ledgers');
}

function homeOf(env: NodeJS.ProcessEnv): string {
  const home = env.HOME || env.USERPROFILE;
  return home && path.isAbsolute(home) ? home : path.parse(process.cwd()).root;
}
