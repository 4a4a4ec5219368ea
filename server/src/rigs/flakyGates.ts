import { z } from 'zod';
import { onUnexpectedError } from '../base/errors';
import { PRIVATE_FILE, readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';
import type { FlakyGateInfo } from '../protocol/rig';

const entriesSchema = z.array(
  z.object({ gate: z.string(), at: z.string(), commit: z.string(), mergeRequest: z.string(), problem: z.string() }),
);

/** Maximum number of entries; older ones are dropped. */
const MAX_ENTRIES = 200;

/**
 * Gates of a rig that failed and then passed on the same files, oldest first, persistent over restarts of the server.
 */
export class FlakyGates {
  constructor(private readonly file: string) {}

  record(entry: FlakyGateInfo): void {
    try {
      writeJsonAtomic(this.file, [...this.list(), entry].slice(-MAX_ENTRIES), PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // one entry is lost; the result of the gate is still valid
    }
  }

  list(): FlakyGateInfo[] {
    try {
      return entriesSchema.parse(JSON.parse(readTextIfPresent(this.file) ?? '[]'));
    } catch {
      return []; // an unreadable file is replaced
    }
  }
}
