import type { BeadStore } from '../../beads/store';
import { rigOfBead } from '../state/workingSet';
import { workOf } from '../state/work';
import { branchNamed, commitNamed, diffBetween, forkPoint, parentOf } from '../../git/diff';
import type { RigRepository } from '../../git/repository';
import type { Bead } from '../../protocol/bead';
import type { BeadDiffInfo } from '../../protocol/board';

/** The diff of the work on a bead: of the landed commit, else of its branch. */
export async function beadDiff(
  store: BeadStore,
  bead: Bead,
  repositoryOf: (rig: string) => RigRepository | undefined,
  maxBytes: number,
): Promise<BeadDiffInfo> {
  const work = workOf(bead);
  if (work.merged === undefined && work.branch === undefined) return none('no agent has worked on it');
  const rig = rigOfBead(store, bead);
  const repository = rig === undefined ? undefined : repositoryOf(rig);
  if (!repository) return none(`its rig ${rig ?? ''} is not here`.replace('  ', ' '));
  const landed = work.merged === undefined ? undefined : await commitNamed(repository, work.merged);
  if (landed)
    return {
      kind: 'merged',
      branch: work.branch,
      ...(await diffBetween(repository, await parentOf(repository, landed), landed, maxBytes)),
    };
  const tip = work.branch === undefined ? undefined : await branchNamed(repository, work.branch);
  if (!tip)
    return none(
      work.merged === undefined
        ? 'its branch is gone, or was not begun yet'
        : 'the commit that landed is not in the repository',
    );
  return {
    kind: 'branch',
    branch: work.branch,
    ...(await diffBetween(repository, await forkPoint(repository, tip), tip, maxBytes)),
  };
}

function none(reason: string): BeadDiffInfo {
  return { kind: 'none', reason, files: 0, insertions: 0, deletions: 0, text: '', truncated: false };
}
