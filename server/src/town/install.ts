import path from 'node:path';
import { moveFile } from '../base/safeFiles';
import { canonicalPath, isPresent, statOf } from '../base/safePaths';
import { makeFolder, listFolder } from '../base/safeFolders';
import { UserError } from '../base/errors';
import { Lease } from '../base/lease';
import { initLedger } from '../beads/storage/init';
import { ConsentStore } from './consent';
import { rigsFile, townFile, townSettingsFile } from './config';
import { TownLayout } from './layout';
import { isRegistered, registerTown } from './registry';
import { writeRoutes } from './routes';

export interface Installed {
  root: string;
  /** False if the folder already contained a town, which is now registered for this user. */
  created: boolean;
}

/** All folders of a new town. A folder with nothing else in it is a town whose creation was interrupted. */
const OWN_FOLDERS = ['deacon', 'daemon', 'plugins', 'directives', '.runtime'];
const OWN_NAMES: ReadonlySet<string> = new Set([...OWN_FOLDERS, 'mayor', 'settings', '.beads']);

/**
 * Creates a town in a new or empty folder, or registers an existing one for this user. A town from elsewhere starts
 * with its engine down: nothing in it runs until the user starts it.
 */
export async function installTown(folder: string, name?: string): Promise<Installed> {
  const root = canonicalPath(folder);
  refuseFile(root);
  makeFolder(root);
  const town = new TownLayout(root);
  if (townFile(town).exists()) {
    if (!isRegistered(root)) await adopt(town);
    return { root, created: false };
  }
  if (listFolder(root).some((entry) => !OWN_NAMES.has(entry.name))) {
    throw new UserError(
      `${root} is not empty`,
      'choose a new or empty folder for the town; repositories are added to it with "gt rig add"',
      'conflict',
    );
  }
  const townName = name ?? path.basename(root);
  makeTown(town, townName);
  await registerTown(root, townName);
  return { root, created: true };
}

/** Whether the creation of a town in this folder was interrupted. */
export function isUnfinishedTown(folder: string): boolean {
  const names = listFolder(folder).map(({ name }) => name);
  return (
    names.includes(OWN_FOLDERS[0]!) &&
    names.every((name) => OWN_NAMES.has(name)) &&
    !townFile(new TownLayout(folder)).exists()
  );
}

/** Creates a town. Can be repeated after a crash at any point. */
function makeTown(town: TownLayout, name: string): void {
  // Created first, so that an interrupted creation is recognised as ours.
  for (const directory of OWN_FOLDERS) makeFolder(path.join(town.root, directory));
  initLedger(town.ledger, 'hq');
  rigsFile(town).write(rigsFile(town).read());
  townSettingsFile(town).write(townSettingsFile(town).read());
  writeRoutes(town);
  // Last: a folder with town.json is a complete town.
  townFile(town).write({ type: 'town', version: 2, name, created_at: new Date().toISOString() });
}

/** Registers a town from elsewhere, with its engine down and without records of its processes. */
async function adopt(town: TownLayout): Promise<void> {
  if (townSettingsFile(town).exists())
    townSettingsFile(town).update((settings) => {
      settings.up = false;
    });
  setRuntimeAside(town);
  // An earlier town in this folder may have consents.
  new ConsentStore(town.root).forgetAll();
  await registerTown(town.root, townFile(town).read().name);
}

/**
 * Moves `.runtime` aside: it names processes to end, tokens to trust and files to remove, so the content of another
 * user must not be used.
 */
function setRuntimeAside(town: TownLayout): void {
  if (!isPresent(town.runtime)) return;
  for (const lease of [town.serverLease, town.hostLease]) {
    const holder = Lease.holder(lease);
    if (holder)
      throw new UserError(
        `a program of ${town.root} is still running (process ${holder.pid})`,
        'end it first, then install the town again',
        'conflict',
      );
  }
  moveFile(town.runtime, `${town.runtime}.from-elsewhere-${Date.now().toString(36)}`);
}

function refuseFile(folder: string): void {
  const stat = statOf(folder);
  if (stat && !stat.isDirectory()) throw new UserError(`${folder} is a file`, 'choose a folder');
}
