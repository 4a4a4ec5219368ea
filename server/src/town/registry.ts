import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { canonicalPath } from '../base/safePaths';
import { UserError, hasCode } from '../base/errors';
import { Lease } from '../base/lease';
import { SettingsFile } from './files';
import { hasMark, writeMark } from './mark';

/**
 * The person's own record of towns and of what they accepted. It lies outside every town, so that a folder
 * that ships a town cannot bring its own consent.
 */
export function configDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const folder = env.XDG_CONFIG_HOME || (process.platform === 'win32' && env.APPDATA) || undefined;
  // The user's own folder: a symbolic link there is legitimate.
  return canonicalPath(path.join(folder ?? path.join(env.HOME ?? os.homedir(), '.config'), 'gastown'));
}

const registrySchema = z.looseObject({
  version: z.number().default(1),
  towns: z
    .array(
      z.looseObject({
        root: z.string(),
        name: z.string(),
        added_at: z.string().default(''),
        /** It carries this user's mark (see mark.ts). Missing in entries of before there were marks. */
        marked: z.boolean().default(false),
      }),
    )
    .default([]),
});

export type RegisteredTown = z.output<typeof registrySchema>['towns'][number];

/** Longest time that another program may take to add its own town. */
const UPDATE_MS = 5_000;

export function registryFile(env?: NodeJS.ProcessEnv): string {
  return path.join(configDirectory(env), 'towns.json');
}

function file(): SettingsFile<typeof registrySchema> {
  return new SettingsFile(registryFile(), registrySchema);
}

/** Towns whose folder is still there. */
export function registeredTowns(): RegisteredTown[] {
  return file()
    .read()
    .towns.filter((town) => fs.existsSync(path.join(town.root, 'mayor', 'town.json')));
}

/** Whether a folder is a town of this person, and the one that it was: another one may have been put in its place. */
export function isRegistered(root: string): boolean {
  const canonical = canonicalPath(root);
  const town = registeredTowns().find((candidate) => candidate.root === canonical);
  return town !== undefined && (!town.marked || hasMark(configDirectory(), canonical));
}

/** Two windows may make a town at the same moment: each keeps what the other wrote. */
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

/** @returns false for a town that can only be read: nothing of it runs */
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
