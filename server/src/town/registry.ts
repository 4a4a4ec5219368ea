import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { configDirectory } from '../base/configDirectory';
import { canonicalPath } from '../base/safePaths';
import { UserError, hasCode } from '../base/errors';
import { Lease } from '../base/lease';
import { SettingsFile } from './files';
import { hasMark, writeMark } from './mark';

const registrySchema = z.looseObject({
  version: z.number().default(1),
  towns: z
    .array(
      z.looseObject({
        root: z.string(),
        name: z.string(),
        added_at: z.string().default(''),
        /** Whether it has this user's mark (see mark.ts). Missing in older entries. */
        marked: z.boolean().default(false),
      }),
    )
    .default([]),
});

export type RegisteredTown = z.output<typeof registrySchema>['towns'][number];

/** How long to wait for another program that adds its own town. */
const UPDATE_MS = 5_000;

export function registryFile(env?: NodeJS.ProcessEnv): string {
  return path.join(configDirectory(env), 'towns.json');
}

function file(): SettingsFile<typeof registrySchema> {
  return new SettingsFile(registryFile(), registrySchema);
}

/** Registered towns whose folder still exists. */
export function registeredTowns(): RegisteredTown[] {
  return file()
    .read()
    .towns.filter((town) => fs.existsSync(path.join(town.root, 'mayor', 'town.json')));
}

/** Whether a folder is a registered town of this user, and has not been replaced by another one. */
export function isRegistered(root: string): boolean {
  const canonical = canonicalPath(root);
  const town = registeredTowns().find((candidate) => candidate.root === canonical);
  return town !== undefined && (!town.marked || hasMark(configDirectory(), canonical));
}

/** Adds a town to the registry. Two windows may do so at the same moment: each keeps the other's entry. */
export async function registerTown(root: string, name: string): Promise<void> {
  const canonical = canonicalPath(root);
  const lease = await Lease.acquire(`${registryFile()}.lease`, UPDATE_MS);
  if (!lease)
    throw new UserError(
      `${registryFile()} is being changed by another program`,
      'try again in a moment',
      'unavailable',
    );
  try {
    const marked = tryToMark(canonical);
    file().update((registry) => {
      registry.towns = registry.towns.filter((town) => town.root !== canonical);
      registry.towns.push({ root: canonical, name, added_at: new Date().toISOString(), marked });
    });
  } finally {
    lease.release();
  }
}

/** Marks a town. @returns false for a read-only town, in which nothing runs */
function tryToMark(root: string): boolean {
  try {
    writeMark(configDirectory(), root);
    return true;
  } catch (error) {
    if (['EROFS', 'EACCES', 'EPERM'].some((code) => hasCode(error, code))) return false;
    throw error;
  }
}

/** Marks a town that was registered before there were marks. */
export async function markRegistered(root: string): Promise<void> {
  const town = registeredTowns().find((candidate) => candidate.root === canonicalPath(root));
  if (town && !town.marked) await registerTown(town.root, town.name);
}
