import path from 'node:path';
import { writeFileAtomic } from '../../base/safeFiles';
import { removeOldest } from '../../base/safeFolders';
import { statOf } from '../../base/safePaths';
import { git, withRepository } from '../../git/git';
import type { RigRepository } from '../../git/repository';

/** Number of gate logs that are kept for each rig. */
const GATE_LOGS = 200;
const DAY_MS = 24 * 3600_000;
/** Minimum number of loose objects for packing; each commit of a ledger adds three. */
const LOOSE_OBJECTS = 2_000;
const GC_LIMIT_MS = 10 * 60_000;

/** Removes all but the newest logs of a folder. */
export function pruneGateLogs(directory: string, keep = GATE_LOGS): void {
  removeOldest(directory, /\.log$/, keep);
}

/**
 * Packs a rig's repository, at most once a day and only if it has many loose objects. The day is recorded in the
 * repository, so that it survives restarts of the server.
 * @returns whether git was run
 */
export async function collectGarbage(repository: RigRepository, now = Date.now()): Promise<boolean> {
  const mark = path.join(repository.directory, 'gastown-gc');
  const last = statOf(mark)?.mtimeMs ?? 0;
  if (now - last < DAY_MS) return false;
  writeFileAtomic(mark, '');
  await withRepository(repository.directory, async () => {
    await git(
      repository.directory,
      ['-c', `gc.auto=${LOOSE_OBJECTS}`, '-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet'],
      { timeoutMs: GC_LIMIT_MS },
    );
  });
  return true;
}
