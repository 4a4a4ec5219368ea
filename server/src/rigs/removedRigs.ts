import path from 'node:path';
import { moveFile } from '../base/safeFiles';
import { isPresent } from '../base/safePaths';
import { listFolder, makePrivateFolder } from '../base/safeFolders';
import { isLedger } from '../beads/storage/locate';
import { requireSegment } from '../git/names';
import { rigConfigFile, type RigConfig } from '../town/config';
import type { RigLayout, TownLayout } from '../town/layout';

/** Moves the folder of a rig to the removed rigs. @returns its new path */
export function moveAside(town: TownLayout, name: string): string {
  const { root } = town.rig(requireSegment('rig', name));
  const movedTo = path.join(town.removed, `${name}-${Date.now().toString(36)}`);
  makePrivateFolder(town.removed);
  if (isPresent(root)) moveFile(root, movedTo);
  return movedTo;
}

/** The most recently removed rig with this source whose beads still exist. */
export interface RemovedRig {
  prefix: string;
  ledger: string;
}

export function removedRig(town: TownLayout, location: string): RemovedRig | undefined {
  const removedAt = (name: string): number => Number.parseInt(name.slice(name.lastIndexOf('-') + 1), 36) || 0;
  return listFolder(town.removed)
    .filter((entry) => entry.isDirectory())
    .sort((a, b) => removedAt(b.name) - removedAt(a.name))
    .flatMap(({ name }): RemovedRig[] => {
      const layout = town.removedRig(name);
      const config = configOf(layout);
      return config?.git_url === location && isLedger(layout.ledger)
        ? [{ prefix: config.beads.prefix, ledger: layout.ledger }]
        : [];
    })[0];
}

/** Restores the beads into a rig that has none yet. */
export function takeBackLedger(removed: RemovedRig, rig: RigLayout): void {
  if (isPresent(rig.ledger)) return;
  moveFile(removed.ledger, rig.ledger);
}

/** The configuration of a removed rig; undefined if unreadable, in which case nothing is restored. */
function configOf(layout: RigLayout): RigConfig | undefined {
  try {
    return rigConfigFile(layout).exists() ? rigConfigFile(layout).read() : undefined;
  } catch {
    return undefined;
  }
}
