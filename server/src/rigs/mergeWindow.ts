import { z } from 'zod';
import { onUnexpectedError } from '../base/errors';
import { PRIVATE_FILE, readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';

const windowSchema = z.object({
  size: z.number().int().min(1),
  /** Whether the last batch had something that failed. */
  failed: z.boolean(),
});

/** How many merge requests of a rig are tested together. */
export type MergeWindow = z.output<typeof windowSchema>;

export const FIRST_WINDOW: MergeWindow = { size: 4, failed: false };

/** Keeps a rig's merge window over restarts of the server. */
export class MergeWindowRecord {
  private known: MergeWindow | undefined;

  constructor(private readonly file: string) {}

  read(): MergeWindow {
    return (this.known ??= this.load());
  }

  write(window: MergeWindow): void {
    this.known = window;
    try {
      writeJsonAtomic(this.file, window, PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // it holds for this run of the server
    }
  }

  private load(): MergeWindow {
    try {
      return windowSchema.parse(JSON.parse(readTextIfPresent(this.file) ?? ''));
    } catch {
      return FIRST_WINDOW; // none yet, or one that cannot be read: it grows again
    }
  }
}
