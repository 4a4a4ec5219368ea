import path from 'node:path';
import { removeTree } from '../base/folderTree';
import { forgetFeature, keepFeature, keptRef } from '../git/featureBranch';
import { git, withRepository } from '../git/git';
import { localRef } from '../git/localLanding';
import type { RigRepository } from '../git/repository';
import type { RigLayout } from '../town/layout';

/** `moved`: the branch has commits by others that are not on the target, and is kept. */
export type DroppedFeature = 'deleted' | 'moved';

export interface EndedFeature {
  /** Whether all of its commits are on the target. */
  landed: boolean;
  /** Tip of the branch after its last bead. */
  tip?: string | undefined;
}

/**
 * Deletes the feature branch of an ended convoy, with its worktree in the refinery. Commits that have not landed stay
 * reachable under `refs/gastown/convoy/`. Safe to repeat.
 */
export async function dropFeature(
  repository: RigRepository,
  layout: RigLayout,
  branch: string,
  { landed, tip: known }: EndedFeature,
): Promise<DroppedFeature> {
  await removeRefinery(repository, layout.featureRefinery(branch));
  await repository.fetchMoved(branch);
  const here = await repository.resolve(localRef(branch));
  if (here && !landed) await keepFeature(repository.directory, branch, here);
  if (here) await git(repository.directory, ['update-ref', '-d', localRef(branch), here]);
  const tip = await repository.resolve(`refs/remotes/origin/${branch}`);
  const target = await repository.tip();
  // If a provider squashed them, the commits of the branch are not on the target themselves.
  const isLanded = tip === known || (target !== undefined && tip && (await repository.isAncestor(tip, target)));
  if (landed && tip && !isLanded) return 'moved';
  if (tip && !landed) await keepFeature(repository.directory, branch, tip);
  if (tip && !(await repository.deleteBranch(branch, tip))) return 'moved';
  if (landed && (await repository.resolve(keptRef(branch)))) await forgetFeature(repository.directory, branch);
  return 'deleted';
}

async function removeRefinery(repository: RigRepository, directory: string): Promise<void> {
  await withRepository(repository.directory, async () => {
    removeTree(path.dirname(directory));
    await git(repository.directory, ['worktree', 'prune']);
  });
}
