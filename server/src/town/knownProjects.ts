import { messageOf } from '../base/errors';
import type { KnownProject } from '../beads/external/projects';
import { repositoryOf } from '../beads/external/reference';
import { followRedirect, isLedger } from '../beads/storage/locate';
import { rigsFile } from './config';
import { TownLayout } from './layout';
import { registeredTowns } from './registry';

/**
 * The rigs of all towns of this user, for references between projects.
 * @param onError called for an unreadable town or rig, which is left out
 */
export function knownProjects(onError: (error: Error) => void): KnownProject[] {
  const towns = attempt('the list of towns', onError, registeredTowns) ?? [];
  return towns.flatMap(({ root }) => attempt(root, onError, () => projectsOf(new TownLayout(root), onError)) ?? []);
}

function projectsOf(town: TownLayout, onError: (error: Error) => void): KnownProject[] {
  return Object.entries(rigsFile(town).read().rigs).flatMap(([name, { git_url: address, beads }]) => {
    const { ledger } = town.rig(name);
    const directory = attempt(ledger, onError, () => (isLedger(ledger) ? followRedirect(ledger) : undefined));
    if (directory === undefined) return [];
    return [{ name, directory, repository: repositoryOf(address), prefix: `${beads.prefix}-` }];
  });
}

function attempt<T>(what: string, onError: (error: Error) => void, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    onError(new Error(`${what}: ${messageOf(error)}`));
    return undefined;
  }
}
