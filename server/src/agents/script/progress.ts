import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic } from '../../base/safeFiles';

const schema = z.object({
  bead: z.string(),
  attempt: z.number().int(),
  done: z.number().int().min(0),
  /** The step of the last finished block. */
  step: z.string().optional(),
});

/**
 * Number of finished blocks of this attempt at this bead; 0 if the record is unreadable or of another attempt.
 * @param step count only blocks of this step
 */
export function readProgress(file: string, bead: string, attempt: number, step?: string): number {
  const progress = read(file, bead, attempt);
  return progress && (step === undefined || progress.step === step) ? progress.done : 0;
}

/** Whether a block of a step has finished in this attempt. */
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
