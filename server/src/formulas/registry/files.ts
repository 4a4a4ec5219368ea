import fs from 'node:fs';
import path from 'node:path';
import { readTextIfPresent } from '../../base/safeFiles';
import { canonicalPath } from '../../base/safePaths';
import { firstNames } from '../../base/safeFolders';
import { UserError, hasCode, messageOf } from '../../base/errors';
import { limits } from '../limits';

/** A folder of formulas, and its owner. */
export interface Tier {
  tier: 'project' | 'user' | 'town';
  directory: string;
}

/** Access to files; replaced in tests, and in editors with unsaved text. */
export interface FormulaFiles {
  /** Names in a folder; empty if the folder does not exist. */
  list(directory: string): string[];
  /** The text of a file; undefined if it does not exist. @throws UserError if it cannot be read */
  read(file: string): string | undefined;
}

/** Places that are searched for the formulas of a caller. */
export interface FormulaPlaces {
  /** The `.beads` folder of the ledger. */
  ledger: string;
  /** The caller's working directory: its checkout may have its own formulas. */
  cwd?: string;
  /** The user's home folder. */
  home?: string;
  /** The town's root. */
  town?: string;
  /** Folders that the caller has named; they are searched first. */
  named?: readonly string[];
}

/** The folders that are searched, in order of precedence: named ones, ledger, checkout, user, town. */
export function tiersFor(places: FormulaPlaces): Tier[] {
  const checkout = places.cwd === undefined ? undefined : checkoutOf(places.cwd);
  const candidates: (Tier | undefined)[] = [
    ...(places.named ?? []).map((directory): Tier => ({ tier: 'project', directory })),
    { tier: 'project', directory: path.join(places.ledger, 'formulas') },
    checkout === undefined ? undefined : { tier: 'project', directory: path.join(checkout, '.beads', 'formulas') },
    places.home === undefined
      ? undefined
      : { tier: 'user', directory: canonicalPath(path.join(places.home, '.beads', 'formulas')) },
    places.town === undefined ? undefined : { tier: 'town', directory: path.join(places.town, '.beads', 'formulas') },
  ];
  const found = candidates.filter((tier) => tier !== undefined);
  return found.filter(
    (tier, index) =>
      found.findIndex((other) => path.resolve(other.directory) === path.resolve(tier.directory)) === index,
  );
}

/** The nearest folder upwards that git has checked out. */
function checkoutOf(cwd: string): string | undefined {
  for (let directory = path.resolve(cwd); ; directory = path.dirname(directory)) {
    if (fs.existsSync(path.join(directory, '.git'))) return directory;
    if (directory === path.dirname(directory)) return undefined;
  }
}

/** Files on disk: only regular ones, and at most as many names and bytes as in `limits`. */
export const diskFiles: FormulaFiles = {
  list: (directory) => {
    try {
      return firstNames(directory, limits.filesPerFolder);
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].some((code) => hasCode(error, code))) return []; // inaccessible
      throw new UserError(`cannot read ${directory}: ${messageOf(error)}`, undefined, 'unavailable');
    }
  },
  read: readFormulaFile,
};

/**
 * The text of a formula's file. A pipe, a device, a folder and a file that is too large are refused.
 * @returns undefined if there is no such file
 * @throws UserError that names the file
 */
export function readFormulaFile(file: string): string | undefined {
  try {
    return readTextIfPresent(file, limits.fileBytes);
  } catch (error) {
    if (error instanceof UserError) throw error; // its message names the file
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, undefined, 'unavailable');
  }
}
