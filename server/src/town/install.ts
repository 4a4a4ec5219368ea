import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../base/errors';
import { initLedger } from '../beads/init';
import { rigsFile, townFile, townSettingsFile } from './config';
import { TownLayout } from './layout';
import { canonicalRoot, isRegistered, registerTown } from './registry';
import { writeRoutes } from './routes';

export interface Installed {
  root: string;
  /** False where the folder held a town before, which is now known to this person. */
  created: boolean;
}

/**
 * Makes a town in a new or empty folder, or makes a town that is already there known to this person.
 * A town that came from elsewhere starts with its engine down: nothing of it runs until a person says so.
 */
export function installTown(folder: string, name?: string): Installed {
  const wanted = path.resolve(folder);
  refuseFile(wanted);
  fs.mkdirSync(wanted, { recursive: true });
  const root = canonicalRoot(wanted);
  const town = new TownLayout(root);
  if (townFile(town).exists()) {
    if (!isRegistered(root)) {
      if (townSettingsFile(town).exists()) townSettingsFile(town).update((settings) => { settings.up = false; });
      registerTown(root, townFile(town).read().name);
    }
    return { root, created: false };
  }
  if (fs.readdirSync(root).length > 0) {
    throw new UserError(`${root} is not empty`, 'choose a new or empty folder for the town; repositories are added to it with "gt rig add"', 'conflict');
  }
  const townName = name ?? path.basename(root);
  for (const directory of ['deacon', 'daemon', 'plugins', 'directives', '.runtime']) fs.mkdirSync(path.join(root, directory), { recursive: true });
  initLedger(town.ledger, 'hq');
  rigsFile(town).write(rigsFile(town).read());
  townSettingsFile(town).write(townSettingsFile(town).read());
  writeRoutes(town);
  // Last: a folder with town.json is a whole town.
  townFile(town).write({ type: 'town', version: 2, name: townName, created_at: new Date().toISOString() });
  registerTown(root, townName);
  return { root, created: true };
}

function refuseFile(folder: string): void {
  if (fs.existsSync(folder) && !fs.statSync(folder).isDirectory()) throw new UserError(`${folder} is a file`, 'choose a folder');
}
