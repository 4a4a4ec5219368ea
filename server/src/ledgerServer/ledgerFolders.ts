import path from 'node:path';
import { isAlive } from '../base/process';
import { readTextIfPresent, writeCacheFile } from '../base/safeFiles';
import { listFolder, removeFolder } from '../base/safeFolders';
import { isPresent, statOf } from '../base/safePaths';
import { readEndpoint, type Endpoint } from '../protocol/transport/endpointFile';
import { stateFolderName } from '../protocol/transport/serverPlace';

/** Names the ledger that a folder of the person's cache belongs to. */
const NAME_FILE = 'ledger';
/** Folders looked at in one run. */
const MAX_FOLDERS = 1_000;
/** Age from which a folder that does not say what it belongs to is removed. Milliseconds. */
const FORGOTTEN_MS = 30 * 24 * 3_600_000;

/** Writes down which ledger the folder belongs to. @param state as `ledgerStateFolder` gives it */
export function nameLedger(state: string, directory: string): void {
  const file = path.join(state, NAME_FILE);
  if (readTextIfPresent(file) !== directory) writeCacheFile(file, Buffer.from(directory));
}

export interface LedgerFolder {
  state: string;
  /** The `.beads` folder; undefined where nothing says. */
  directory: string | undefined;
  /** Of the server that runs. */
  endpoint: Endpoint | undefined;
}

/** What is kept about the ledgers of a person. @param states the folder of all of them */
export function ledgerFolders(states: string): LedgerFolder[] {
  return listFolder(states)
    .filter((entry) => entry.isDirectory())
    .slice(0, MAX_FOLDERS)
    .map(({ name }) => {
      const state = path.join(states, name);
      const directory = readTextIfPresent(path.join(state, NAME_FILE));
      const endpoint = readEndpoint(path.join(state, 'server.json'));
      return {
        state,
        // The content of the file is not trusted to decide what is read or removed.
        directory: directory !== undefined && stateFolderName(directory) === name ? directory : undefined,
        endpoint: endpoint && isAlive(endpoint) ? endpoint : undefined,
      };
    });
}

/**
 * Removes what is kept about ledgers that no longer exist: all of it can be made again, should one come back with its
 * disk.
 * @returns the folders that are gone
 */
export function removeUnusedFolders(states: string, now: number): string[] {
  const unused = ledgerFolders(states).filter(({ state, directory, endpoint }) => {
    if (endpoint) return false;
    if (directory !== undefined) return !isPresent(directory);
    return now - (statOf(state)?.mtimeMs ?? now) > FORGOTTEN_MS;
  });
  for (const { state } of unused) removeFolder(state);
  return unused.map(({ state }) => state);
}
