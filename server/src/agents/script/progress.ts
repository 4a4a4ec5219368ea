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
  const progress = read(file, bead, attempt);
  return progress && (step === undefined || progress.step === step) ? progress.done : 0;
}

/** Whether a block that belongs to a step has run to its end in this attempt. */
export function hasBegunSteps(file: string, bead: string, attempt: number): boolean {
  return read(file, bead, attempt)?.step !== undefined;
}

function read(file: string, bead: string, attempt: number): z.output<typeof schema> | undefined {
  try {
    const progress = schema.parse(JSON.parse(readTextIfPresent(file) ?? ''));
    return progress.bead === bead && progress.attempt === attempt ? progress : undefined;
  } catch {
    return undefined;
  }
}

export function writeProgress(file: string, progress: z.output<typeof schema>): void {
  writeJsonAtomic(file, progress);
}
