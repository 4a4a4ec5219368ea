import { z } from 'zod';
import { onUnexpectedError } from '../base/errors';
import { PRIVATE_FILE, readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';

const windowSchema = z.object({
  size: z.number().int().min(1),
  /** Whether the last batch had a failure. */
  failed: z.boolean(),
});

/** The batch size: number of merge requests that are tested together. */
export type MergeWindow = z.output<typeof windowSchema>;

export const FIRST_WINDOW: MergeWindow = { size: 4, failed: false };

/** Stores a rig's batch size over restarts of the server. */
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
      onUnexpectedError(error); // it is kept in memory for this run of the server
    }
  }

  private load(): MergeWindow {
    try {
      return windowSchema.parse(JSON.parse(readTextIfPresent(this.file) ?? ''));
    } catch {
      return FIRST_WINDOW; // missing or unreadable: the size grows again
    }
  }
}
