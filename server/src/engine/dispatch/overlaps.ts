import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { asPlainObject } from '../../base/objects';
import type { RigPort } from '../loop/ports';
import { overlappingWork, type TouchingWork } from '../mergeQueue/overlap';
import type { RigView, TownView, WorkView } from '../state/townView';
import { workOf } from '../state/work';
import { IN_WORK, rigOfBead } from '../state/workingSet';

/** Maximum number of patterns of one bead, and of characters of each. */
const MAX_PATTERNS = 50;
const MAX_LENGTH = 300;

/** The files that a bead declares: the metadata key `files`, a list of patterns or a comma-separated text. */
export function declaredFiles(bead: Bead): string[] {
  const { files } = asPlainObject(bead.metadata);
  const list: unknown[] = typeof files === 'string' ? files.split(',') : Array.isArray(files) ? files : [];
  return list
    .filter((pattern): pattern is string => typeof pattern === 'string' && pattern.length <= MAX_LENGTH)
    .map((pattern) => pattern.trim())
    .filter(Boolean)
    .slice(0, MAX_PATTERNS);
}

/**
 * The unmerged work of the rig that touches the declared files of a bead, which then waits if the rig's settings say
 * so.
 */
export function overlapOf(
  view: Pick<TownView, 'work'>,
  rig: Pick<RigView, 'name' | 'avoidOverlap'>,
  work: WorkView,
): { id: string; files: string[] } | undefined {
  if (!rig.avoidOverlap || !work.files) return undefined;
  const others = view.work.filter(
    (other) => other.rig === rig.name && other.id !== work.id && IN_WORK.has(other.status),
  );
  return overlappingWork(
    work.files,
    others.map(({ id, files = [], touched }) => ({ id, declared: files, touched })),
  );
}

/**
 * Like `overlapOf`, with the current branches, right before the bead is hooked.
 * @returns undefined if no work overlaps
 */
export async function overlapNow(
  store: BeadStore,
  rig: RigPort,
  bead: Bead,
): Promise<{ id: string; files: string[] } | undefined> {
  const patterns = declaredFiles(bead);
  if (!rig.avoidOverlap || patterns.length === 0) return undefined;
  const others = store
    .list({ status: [...IN_WORK], limit: 0 })
    .filter((other) => other.id !== bead.id && rigOfBead(store, other) === rig.name);
  await rig.files.readBranches(
    others.flatMap((other) => {
      const { branch } = workOf(other);
      return branch === undefined ? [] : [branch];
    }),
  );
  return overlappingWork(
    patterns,
    others.map((other): TouchingWork => {
      const { branch } = workOf(other);
      const touched = branch === undefined ? undefined : rig.files.ofBranch(branch);
      return { id: other.id, declared: declaredFiles(other), touched };
    }),
  );
}
