import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { canonicalRoot, registeredTowns } from '../../town/registry';

/** The town that a folder lies in, or the one named by GT_ROOT; undefined outside of any. */
export function townOfDirectory(directory: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  for (let folder = path.resolve(directory); ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, 'mayor', 'town.json'))) return canonicalRoot(folder);
    if (folder === path.dirname(folder)) break;
  }
  return env.GT_ROOT ? canonicalRoot(env.GT_ROOT) : undefined;
}

/** For `gt`, which works from anywhere: the town of the folder, else the person's only one. */
export function findTown(directory: string, wanted: string | undefined): string {
  if (wanted !== undefined) return canonicalRoot(wanted);
  const here = townOfDirectory(directory);
  if (here) return here;
  const towns = registeredTowns();
  if (towns.length === 1) return towns[0]!.root;
  if (towns.length === 0) throw new UserError('you have no town', 'make one with "gt install"', 'not-found');
  throw new UserError(
    'you have more than one town',
    `say which with --town: ${towns.map((town) => town.root).join(', ')}`,
    'ambiguous',
  );
}
