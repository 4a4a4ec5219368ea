import path from 'node:path';
import { removeTree } from '../base/folderTree';
import { isPresent } from '../base/safePaths';
import { listFolder } from '../base/safeFolders';
import { gitLine, withRepository } from '../git/git';
import { isSafeSegment } from '../git/names';
import { inspectWorktree } from '../git/worktree';
import { pruneWorktrees } from '../git/worktreeRepair';
import { MAIN_REVIEWER } from '../town/layout';
import type { Rig } from './rig';

/**
 * Removes the worktrees of reviewers that are no longer in the settings. A worktree with changes, or that git cannot
 * read, stays: it may have notes by a reviewer or a person.
 * @param isNeeded whether a review of this reviewer may still be running
 * @returns the names of the removed reviewers
 */
export async function removeFormerReviewers(rig: Rig, isNeeded: (reviewer: string) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const reviewer of reviewersWithFolder(rig)) {
    if (isNeeded(reviewer)) continue;
    const directory = rig.layout.reviewWorktree(reviewer);
    const mayHaveWork = await hasWork(directory).catch(() => true);
    // Checked again: reading the worktree takes time.
    if (mayHaveWork || isNeeded(reviewer)) continue;
    await withRepository(rig.repository.directory, async () => {
      removeTree(rig.layout.reviewer(reviewer));
      await pruneWorktrees(rig.repository);
    });
    removed.push(reviewer);
  }
  return removed;
}

/** Files that are changed or new, or commits on top of the reviewed one. */
async function hasWork(directory: string): Promise<boolean> {
  const state = await inspectWorktree(directory);
  if (!state) return false;
  if (state.dirty || state.operation !== undefined) return true;
  return /^commit\b/.test(await gitLine(directory, ['reflog', '-1', '--format=%gs', 'HEAD', '--']));
}

/** The names of reviewers that have a folder. */
function reviewersWithFolder({ layout }: Pick<Rig, 'layout'>): string[] {
  const others = path.dirname(layout.reviewer('any'));
  return [
    ...(isPresent(layout.reviewer(MAIN_REVIEWER)) ? [MAIN_REVIEWER] : []),
    ...listFolder(others)
      .filter((entry) => entry.isDirectory() && isSafeSegment(entry.name))
      .map(({ name }) => name),
  ];
}
