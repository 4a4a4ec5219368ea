import { removeTree } from '../base/folderTree';
import { git, withRepository, type GitIdentity } from '../git/git';
import { safePart } from '../git/names';
import type { RigRepository } from '../git/repository';
import { snapshotRef, snapshotWorktree } from '../git/snapshots';
import { inspectWorktree, removeWorktree } from '../git/worktree';
import { repairWorktree } from '../git/worktreeRepair';
import type { RigLayout } from '../town/layout';
import { readAssignment } from './assignment';

/**
 * Removes a polecat's folder; the content of its worktree is kept as a snapshot.
 * @returns the snapshot's label, or undefined without a worktree
 * @throws GitError if git cannot read the worktree: then nothing is removed, and a person is notified
 */
export async function retireWorktree(
  repository: RigRepository,
  layout: RigLayout,
  { name, bead, identity }: { name: string; bead: string; identity: GitIdentity },
): Promise<string | undefined> {
  const directory = layout.polecatWorktree(name);
  const branch = readAssignment(layout, name)?.branch;
  // Each attempt of a bead has its own snapshot: a later one never replaces an earlier one.
  const label = `${safePart(bead)}/${safePart(branch?.split('@').pop() ?? name)}`;
  await withRepository(repository.directory, () => repairWorktree(repository, directory, branch));
  const hasWork = (await inspectWorktree(directory)) !== undefined;
  if (hasWork) {
    const snapshot = await snapshotWorktree(repository, directory, label, identity);
    await removeWorktree(repository, directory, snapshot);
  }
  if (branch) await dropBranch(repository, branch, label);
  removeTree(layout.polecat(name));
  return hasWork ? label : undefined;
}

/** Deletes a branch whose commits are in the snapshot; others are kept. */
async function dropBranch(repository: RigRepository, branch: string, label: string): Promise<void> {
  const tip = await repository.resolve(`refs/heads/${branch}`);
  const snapshot = await repository.resolve(snapshotRef(label));
  if (!tip || !snapshot || !(await repository.isAncestor(tip, snapshot))) return;
  await git(repository.directory, ['update-ref', '-d', `refs/heads/${branch}`, tip]);
}
