import fs from 'node:fs';
import path from 'node:path';
import { repositoryOf, type Repository } from './gitFacts';
import { isTown, type KnownTown } from './knownTowns';
import type { FolderFacts } from './townFinder';

/**
 * Reads the facts for `findTown` from the disk.
 * @param trusted git runs only in a trusted folder, because it obeys the configuration of the repository
 */
export async function folderFacts(folder: string, trusted: boolean): Promise<FolderFacts> {
  const real = realPath(folder);
  const repository = trusted ? await repositoryOf(real) : checkoutAbove(real);
  return {
    path: real,
    townRoot: townAbove(real),
    repository: repository && {
      root: realPath(repository.root),
      remotes: repository.remotes.map((remote) => (path.isAbsolute(remote) ? realPath(remote) : remote)),
    },
  };
}

/** Roots and sources that are folders, as real paths. */
export function withRealPaths(towns: readonly KnownTown[]): KnownTown[] {
  return towns.map((town) => ({
    ...town,
    root: realPath(town.root),
    rigs: town.rigs.map((rig) => ({ ...rig, source: path.isAbsolute(rig.source) ? realPath(rig.source) : rig.source })),
  }));
}

export function realPath(folder: string): string {
  try {
    return fs.realpathSync(folder);
  } catch {
    return path.resolve(folder);
  }
}

/** Finds the checkout by its `.git` without reading it: the remotes stay unknown. */
function checkoutAbove(folder: string): Repository | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, '.git'))) return { root: at, remotes: [] };
    if (path.dirname(at) === at) return undefined;
  }
}

function townAbove(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    if (isTown(at)) return at;
    if (path.dirname(at) === at) return undefined;
  }
}
