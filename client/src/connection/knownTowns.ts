import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { configDirectory } from '../../../server/src/base/configDirectory';
import { messageOf } from '../../../server/src/base/errors';
import { readTextIfPresent } from '../../../server/src/base/safeFiles';

const MAX_BYTES = 4 * 1024 * 1024;

/** A town that this user created or trusted, and the repositories that are its rigs. */
export interface KnownTown {
  root: string;
  name: string;
  rigs: { name: string; source: string }[];
}

const registrySchema = z.looseObject({
  towns: z.array(z.looseObject({ root: z.string(), name: z.string().default('') })).default([]),
});
const rigsSchema = z.looseObject({ rigs: z.record(z.string(), z.looseObject({ git_url: z.string() })).default({}) });

/**
 * Reads the registry, which only `gt install` writes. Broken files count as empty.
 * @param report gets one line for each file that cannot be used
 */
export function readKnownTowns(report: (problem: string) => void, env: NodeJS.ProcessEnv = process.env): KnownTown[] {
  const registry = readJson(path.join(configDirectory(env), 'towns.json'), registrySchema, report);
  return (registry?.towns ?? [])
    .filter((town) => isTown(town.root))
    .map(({ root, name }) => ({ root, name: name || path.basename(root), rigs: readRigs(root, report) }));
}

export function isTown(folder: string): boolean {
  return fs.existsSync(path.join(folder, 'mayor', 'town.json'));
}

function readRigs(root: string, report: (problem: string) => void): KnownTown['rigs'] {
  const file = readJson(path.join(root, 'mayor', 'rigs.json'), rigsSchema, report);
  return Object.entries(file?.rigs ?? {}).map(([name, rig]) => ({ name, source: rig.git_url }));
}

function readJson<S extends z.ZodType>(
  file: string,
  schema: S,
  report: (problem: string) => void,
): z.output<S> | undefined {
  try {
    const text = readTextIfPresent(file, MAX_BYTES);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  } catch (error) {
    report(`cannot use ${file}: ${messageOf(error)}`);
    return undefined;
  }
}
