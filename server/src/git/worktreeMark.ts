import path from 'node:path';
import { z } from 'zod';
import { readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';

const markSchema = z.object({
  /** The branch that the worktree was created for. */
  branch: z.string().optional(),
  /** Its creation has not finished: no agent has used it. */
  unfinished: z.boolean().optional(),
  /** Files that differed from the index right after the checkout, with content hashes: not changes by the agent. */
  atCheckout: z.record(z.string(), z.string()).default({}),
});

/** Our own records about a worktree. */
export type WorktreeMark = z.output<typeof markSchema>;

const MARK = 'gastown.json';

export function readMark(admin: string): WorktreeMark {
  try {
    const text = readTextIfPresent(path.join(admin, MARK));
    return markSchema.parse(text === undefined ? {} : JSON.parse(text));
  } catch {
    return markSchema.parse({}); // an agent can write here: without the mark only HEAD is left
  }
}

export function writeMark(admin: string, mark: WorktreeMark): void {
  writeJsonAtomic(path.join(admin, MARK), mark);
}
