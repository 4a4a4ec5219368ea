import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { canonicalPath } from '../base/safeFiles';
import { UserError } from '../base/errors';
import { Lease } from '../base/lease';
import { SettingsFile } from './files';

/**
 * The person's own record of towns and of what they accepted. It lies outside every town, so that a folder
 * that ships a town cannot bring its own consent.
 */
export function configDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.XDG_CONFIG_HOME) return path.join(env.XDG_CONFIG_HOME, 'gastown');
  if (process.platform === 'win32' && env.APPDATA) return path.join(env.APPDATA, 'gastown');
  return path.join(env.HOME ?? os.homedir(), '.config', 'gastown');
}

const registrySchema = z.looseObject({
  version: z.number().default(1),
  towns: z.array(z.looseObject({ root: z.string(), name: z.string(), added_at: z.string().default('') })).default([]),
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

export function isRegistered(root: string): boolean {
  return registeredTowns().some((town) => town.root === canonicalPath(root));
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
    file().update((registry) => {
      registry.towns = registry.towns.filter((town) => town.root !== canonical);
      registry.towns.push({ root: canonical, name, added_at: new Date().toISOString() });
    });
  } finally {
    lease.release();
  }
}
