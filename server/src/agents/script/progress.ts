import { asPlainObject } from '../../base/objects';
import { readTextIfPresent, writeJsonAtomic } from '../../base/safeFiles';

/** Record of the blocks that have run. */
export interface Progress {
  bead: string;
  attempt: number;
  /** Number of finished blocks. */
  done: number;
  /** The step of the last finished block. */
  step?: string | undefined;
}

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

function read(file: string, bead: string, attempt: number): Progress | undefined {
  try {
    const progress: unknown = JSON.parse(readTextIfPresent(file) ?? '');
    return isProgress(progress) && progress.bead === bead && progress.attempt === attempt ? progress : undefined;
  } catch {
    return undefined;
  }
}

/** By hand: a schema library would take longer to load than most blocks take to run. */
function isProgress(value: unknown): value is Progress {
  const { bead, attempt, done, step } = asPlainObject(value);
  return (
    typeof bead === 'string' &&
    Number.isInteger(attempt) &&
    Number.isInteger(done) &&
    (done as number) >= 0 &&
    (step === undefined || typeof step === 'string')
  );
}

export function writeProgress(file: string, progress: Progress): void {
  writeJsonAtomic(file, progress);
}
