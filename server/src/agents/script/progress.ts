import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic } from '../../base/safeFiles';

const schema = z.object({
  bead: z.string(),
  attempt: z.number().int(),
  done: z.number().int().min(0),
  /** The step that the last of them belongs to. */
  step: z.string().optional(),
});

/**
 * How many blocks of this attempt at this bead have run to their end. 0 for any other or unreadable record.
 * @param step only if they belong to this one
 */
export function readProgress(file: string, bead: string, attempt: number, step?: string): number {
  try {
    const progress = schema.parse(JSON.parse(readTextIfPresent(file) ?? ''));
    const isMeant = progress.bead === bead && progress.attempt === attempt;
    return isMeant && (step === undefined || progress.step === step) ? progress.done : 0;
  } catch {
    return 0;
  }
}

export function writeProgress(file: string, progress: z.output<typeof schema>): void {
  writeJsonAtomic(file, progress);
}
