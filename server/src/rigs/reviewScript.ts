import path from 'node:path';
import { writeFileAtomic, writeJsonAtomic } from '../base/safeFiles';
import type { GateInfo, ReviewDepth } from '../protocol/town';
import type { ReviewedChange } from './types';
import { runGate } from './gates';

export interface ReviewPlace {
  /** A checkout of the change. */
  worktree: string;
  /** Folder of the files for the command, never in the checkout. */
  directory: string;
  logFile: string;
  groupFile: string;
}

/**
 * Runs a review command. It gets the bead as JSON in the file `GT_BEAD_FILE` and the change as a diff in
 * `GT_DIFF_FILE`, with `GT_BEAD`, `GT_BASE`, `GT_COMMIT` and `GT_REVIEW_DEPTH`: files, because untrusted text never
 * becomes a part of a command.
 */
export async function runReviewScript(
  command: GateInfo,
  change: ReviewedChange & { depth: ReviewDepth },
  diff: Uint8Array,
  place: ReviewPlace,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  const beadFile = path.join(place.directory, 'bead.json');
  const diffFile = path.join(place.directory, 'change.diff');
  writeJsonAtomic(beadFile, change.bead ?? {});
  writeFileAtomic(diffFile, diff);
  const given = {
    GT_BEAD_FILE: beadFile,
    GT_DIFF_FILE: diffFile,
    GT_BEAD: change.bead?.id ?? '',
    GT_BASE: change.base,
    GT_COMMIT: change.commit,
    GT_REVIEW_DEPTH: change.depth,
  };
  const outcome = await runGate(command, place.worktree, { ...env, ...given }, place.logFile, place.groupFile);
  if (outcome.passed) return { code: 0, output: outcome.output };
  return outcome.code === 1
    ? { code: 1, output: outcome.output }
    : { code: outcome.code, output: `${outcome.problem}\n${outcome.output}`.trim() };
}
