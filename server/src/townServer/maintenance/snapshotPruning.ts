import type { BeadStore } from '../../beads/store';
import { requestsIn } from '../../engine/mergeQueue/requestIndex';
import { isClosed, mergeOf, workOf } from '../../engine/state/work';
import type { RigRepository } from '../../git/repository';
import { listSnapshots, nestedLabels, removeSnapshot } from '../../git/snapshots';

type Snapshot = Awaited<ReturnType<typeof listSnapshots>>[number];

export interface SnapshotLimits {
  /** Maximum number of snapshots of merged work for each rig. */
  keep: number;
  /** Maximum time that they are kept after the merge, in milliseconds. */
  maxAgeMs: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = { keep: 100, maxAgeMs: 30 * 24 * 3600_000 };

/**
 * Removes snapshots of worktrees whose work is all merged, by age and by number. Snapshots with more than merged work
 * are kept forever: uncommitted files, a nested repository, another attempt, a reopened bead.
 */
export class SnapshotPruning {
  /** Snapshots with more than merged work, by their state and that of their beads: git is not run again for them. */
  private readonly unmerged = new Set<string>();

  constructor(
    private readonly store: BeadStore,
    private readonly limits: SnapshotLimits,
  ) {}

  /** Removes old snapshots. @returns labels of the removed ones */
  async prune(repository: RigRepository, now = Date.now()): Promise<string[]> {
    const finished = (await listSnapshots(repository))
      .flatMap((snapshot) => this.finished(snapshot) ?? [])
      .sort((a, b) => b.closedAt - a.closedAt);
    const outdated = finished.filter(
      ({ closedAt }, index) => index >= this.limits.keep || closedAt < now - this.limits.maxAgeMs,
    );
    const unseen = outdated.filter(({ key }) => !this.unmerged.has(key));
    if (unseen.length === 0) return [];
    const nested = await nestedLabels(repository);
    const removed: string[] = [];
    for (const { key, snapshot, merged } of unseen) {
      if (nested.has(snapshot.label) || !(await this.isMerged(repository, snapshot, merged))) this.unmerged.add(key);
      else {
        await removeSnapshot(repository, snapshot);
        removed.push(snapshot.label);
      }
    }
    return removed;
  }

  /** The merge of a snapshot's bead, if the bead is closed with one. */
  private finished(snapshot: Snapshot) {
    const bead = this.store.get(snapshot.bead);
    const merged = bead && isClosed(bead.status) ? workOf(bead).merged : undefined;
    const closedAt = Date.parse(bead?.closed_at ?? '');
    if (!bead || merged === undefined || Number.isNaN(closedAt)) return undefined;
    return { snapshot, merged, closedAt, key: `${snapshot.label} ${snapshot.commit} ${bead.updated_at}` };
  }

  /** Whether the merge contains the whole snapshot, and the target still has that merge. */
  private async isMerged(repository: RigRepository, { bead, commit }: Snapshot, merged: string): Promise<boolean> {
    const request = requestsIn(this.store)
      .of(bead)
      .map((candidate) => (isClosed(candidate.status) ? mergeOf(candidate) : undefined))
      .find((candidate) => candidate?.candidate === merged);
    return (
      request !== undefined && (await holds(repository, request.commit, commit)) && (await repository.holds(merged))
    );
  }
}

async function holds(repository: RigRepository, tip: string, commit: string): Promise<boolean> {
  const [known, ancestor] = [await repository.resolve(tip), await repository.resolve(commit)];
  return known !== undefined && ancestor !== undefined && (await repository.isAncestor(ancestor, known));
}
