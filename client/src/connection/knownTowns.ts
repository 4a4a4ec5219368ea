import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

/** A town that this person created or trusted, and the repositories that are its rigs. */
export interface KnownTown {
  root: string;
  name: string;
  rigs: { name: string; source: string }[];
}

const registrySchema = z.looseObject({
  towns: z.array(z.looseObject({ root: z.string(), name: z.string().default('') })).default([]),
});
const rigsSchema = z.looseObject({ rigs: z.record(z.string(), z.looseObject({ git_url: z.string() })).default({}) });

/** The folder of the person's registry. It is outside of every town, so that no folder can ship its own consent. */
export function configDirectory(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.XDG_CONFIG_HOME) return path.join(env.XDG_CONFIG_HOME, 'gastown');
  if (platform === 'win32' && env.APPDATA) return path.join(env.APPDATA, 'gastown');
  return path.join(env.HOME ?? os.homedir(), '.config', 'gastown');
}

/** Only `gt install` writes the registry. Broken files count as empty. */
export function readKnownTowns(env: NodeJS.ProcessEnv = process.env): KnownTown[] {
  const registry = readJson(path.join(configDirectory(env), 'towns.json'), registrySchema);
  return (registry?.towns ?? [])
    .filter((town) => isTown(town.root))
    .map(({ root, name }) => ({ root, name: name || path.basename(root), rigs: readRigs(root) }));
}

export function isTown(folder: string): boolean {
  return fs.existsSync(path.join(folder, 'mayor', 'town.json'));
}

function readRigs(root: string): KnownTown['rigs'] {
  const file = readJson(path.join(root, 'mayor', 'rigs.json'), rigsSchema);
  return Object.entries(file?.rigs ?? {}).map(([name, rig]) => ({ name, source: rig.git_url }));
}

function readJson<S extends z.ZodType>(file: string, schema: S): z.output<S> | undefined {
  try {
    return schema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
