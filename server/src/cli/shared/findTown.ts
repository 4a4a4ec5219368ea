import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { canonicalPath } from '../../base/safePaths';
import { UserError } from '../../base/errors';
import { argumentText } from '../../base/text';

/** The town around a directory, else the one that GT_ROOT names; undefined if there is neither. */
export function townOfDirectory(directory: string, env: NodeJS.ProcessEnv): string | undefined {
  for (let folder = path.resolve(directory); ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, 'mayor', 'town.json'))) return canonicalPath(folder);
    if (folder === path.dirname(folder)) break;
  }
  return env.GT_ROOT ? canonicalPath(env.GT_ROOT) : undefined;
}

/**
 * The town of a `gt` command: the named one, the one around the directory, or the user's only one.
 * @throws UserError if there is none, or more than one
 */
export async function findTown(directory: string, env: NodeJS.ProcessEnv, named: string | undefined): Promise<string> {
  if (named !== undefined) {
    const root = canonicalPath(path.resolve(directory, named));
    if (!fs.existsSync(path.join(root, 'mayor', 'town.json'))) await refuseUnfinished(root);
    return root;
  }
  const here = townOfDirectory(directory, env);
  if (here) return here;
  await refuseUnfinished(canonicalPath(directory));
  const { registeredTowns } = await import('../../town/registry');
  const towns = registeredTowns();
  if (towns.length === 1) return towns[0]!.root;
  if (towns.length === 0) await refuseUnfinished(path.join(os.homedir(), 'gt'));
  if (towns.length === 0) throw new UserError('you have no town', 'create one with "gt install"', 'not-found');
  throw new UserError(
    'you have more than one town',
    `name one with --town: ${towns.map((town) => town.root).join(', ')}`,
    'ambiguous',
  );
}

/** Refuses to use another town if the creation of this one was interrupted. */
async function refuseUnfinished(folder: string): Promise<void> {
  const { isUnfinishedTown } = await import('../../town/install');
  if (!isUnfinishedTown(folder)) return;
  throw new UserError(
    `creating the town ${folder} was interrupted`,
    `Finish it: gt install ${argumentText(folder)}`,
    'not-found',
  );
}
