import path from 'node:path';
import { z } from 'zod';
import { PRIVATE_FILE, readTextIfPresent, removeFile, writeJsonAtomic } from '../base/safeFiles';
import { listFolder, makePrivateFolder } from '../base/safeFolders';
import { argumentText } from '../base/text';
import { isSafeSegment } from '../git/names';
import type { TownLayout } from '../town/layout';
import type { RigAddRequest } from './setup';

const addSchema = z.object({
  source: z.string(),
  prefix: z.string().optional(),
  defaultBranch: z.string().optional(),
  maxWorkers: z.number().optional(),
  importBeads: z.boolean().optional(),
  gates: z.record(z.string(), z.string()).optional(),
});

/** An interrupted add, and the command that continues it. */
export interface UnfinishedAdd {
  name: string;
  command: string;
}

/**
 * Rigs that are being added. If an add is killed, its remains are reported to the user, who can repeat it or give
 * it up.
 */
export class UnfinishedAdds {
  private readonly running = new Set<string>();

  constructor(private readonly town: TownLayout) {}

  /** Runs an add. A failed add has reported its reason, and is not unfinished. */
  async run<T>(name: string, request: Omit<RigAddRequest, 'name' | 'accept'>, add: () => Promise<T>): Promise<T> {
    makePrivateFolder(this.town.unfinishedAdds);
    writeJsonAtomic(this.file(name), addSchema.parse(request), PRIVATE_FILE);
    this.running.add(name);
    try {
      return await add();
    } finally {
      this.running.delete(name);
      this.forget(name);
    }
  }

  has(name: string): boolean {
    return this.all().some((add) => add.name === name);
  }

  forget(name: string): void {
    removeFile(this.file(name));
  }

  all(): UnfinishedAdd[] {
    return listFolder(this.town.unfinishedAdds).flatMap((entry): UnfinishedAdd[] => {
      const name = path.basename(entry.name, '.json');
      if (!entry.name.endsWith('.json') || !isSafeSegment(name) || this.running.has(name)) return [];
      const request = this.read(name);
      return request ? [{ name, command: commandOf(name, request) }] : [];
    });
  }

  private file(name: string): string {
    return path.join(this.town.unfinishedAdds, `${name}.json`);
  }

  private read(name: string): z.output<typeof addSchema> | undefined {
    try {
      return addSchema.parse(JSON.parse(readTextIfPresent(this.file(name)) ?? ''));
    } catch {
      return undefined; // interrupted before anything else was done
    }
  }
}

function commandOf(name: string, { source, gates = {}, ...options }: z.output<typeof addSchema>): string {
  const words = ['gt rig add', name, argumentText(source)];
  if (options.prefix !== undefined) words.push('--prefix', argumentText(options.prefix));
  if (options.defaultBranch !== undefined) words.push('--branch', argumentText(options.defaultBranch));
  if (options.maxWorkers !== undefined) words.push('--max-workers', String(options.maxWorkers));
  for (const [gate, command] of Object.entries(gates)) words.push('--gate', argumentText(`${gate}=${command}`));
  if (options.importBeads) words.push('--import');
  return words.join(' ');
}
