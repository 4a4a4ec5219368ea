import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic } from '../../base/safeFiles';

const schema = z.object({ bead: z.string(), attempt: z.number().int(), done: z.number().int().min(0) });

/** How many blocks of this attempt at this bead have run to their end. 0 for any other or unreadable record. */
export function readProgress(file: string, bead: string, attempt: number): number {
  try {
    const progress = schema.parse(JSON.parse(readTextIfPresent(file) ?? ''));
    return progress.bead === bead && progress.attempt === attempt ? progress.done : 0;
  } catch {
    return 0;
  }
}

export function writeProgress(file: string, bead: string, attempt: number, done: number): void {
  writeJsonAtomic(file, { bead, attempt, done });
}
