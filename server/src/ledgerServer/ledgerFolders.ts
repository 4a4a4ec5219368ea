import path from 'node:path';
import { isAlive } from '../base/process';
import { readTextIfPresent, writeCacheFile } from '../base/safeFiles';
import { listFolder, removeFolder } from '../base/safeFolders';
import { isPresent, statOf } from '../base/safePaths';
import { readEndpoint, type Endpoint } from '../protocol/transport/endpointFile';
import { stateFolderName } from '../protocol/transport/serverPlace';

/** File in a folder of the user's cache with the path of its ledger. */
const NAME_FILE = 'ledger';
/** Maximum number of folders that are checked in one run. */
const MAX_FOLDERS = 1_000;
/** Age from which a folder without the path of its ledger is removed. Milliseconds. */
const FORGOTTEN_MS = 30 * 24 * 3_600_000;

/** Writes the path of the ledger into its folder. @param state result of `ledgerStateFolder` */
export function nameLedger(state: string, directory: string): void {
  const file = path.join(state, NAME_FILE);
  if (readTextIfPresent(file) !== directory) writeCacheFile(file, Buffer.from(directory));
}

export interface LedgerFolder {
  state: string;
  /** The `.beads` folder; undefined if unknown. */
  directory: string | undefined;
  /** Endpoint of the running server. */
  endpoint: Endpoint | undefined;
}

/** The folders with derived data about the user's ledgers. @param states the folder that contains them */
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
 * Removes the derived data of ledgers that no longer exist. It can be rebuilt if one returns, for example with its
 * disk.
 * @returns the removed folders
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
