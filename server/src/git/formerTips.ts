import path from 'node:path';
import { readTextIfPresent } from '../base/safeFiles';
import { isPresent, statOf } from '../base/safePaths';
import { gitProbe } from './git';
import type { RigRepository } from './repository';

/** A log of some hundred thousand entries; git is asked about a longer one. */
const MAX_LOG = 32 * 1024 * 1024;

/**
 * The commit nearest to `tip`, of those that it stands on, that refs name or have named, also where their history was
 * rewritten since; undefined where there is none, and where `tip` itself is one: it was merged before, and taken back.
 * @param refs full names; those that are absent are passed over
 */
export async function forkPoint(
  repository: RigRepository,
  refs: readonly string[],
  tip: string,
): Promise<string | undefined> {
  const tips = await repository.commitsAt(refs);
  const former = formerTips(repository.directory, [...tips.keys()]);
  if (former) {
    for (const commit of tips.values()) former.add(commit);
    const nearest = (await repository.graph.chain(tip)).find((commit) => former.has(commit));
    if (nearest !== undefined) return nearest === tip ? undefined : nearest;
  }
  return askGit(repository, [...tips.keys()], tip);
}

/** The same by git, for histories that are no simple chain. */
async function askGit(repository: RigRepository, refs: readonly string[], tip: string): Promise<string | undefined> {
  const found = await Promise.all(
    refs.map((ref) => gitProbe(repository.directory, ['merge-base', '--fork-point', ref, tip])),
  );
  let nearest: { commit: string; distance: number } | undefined;
  for (const commit of new Set(found)) {
    if (commit === undefined || commit === tip) continue;
    const { right: distance } = await repository.graph.divergence(commit, tip);
    if (!nearest || distance < nearest.distance) nearest = { commit, distance };
  }
  return nearest?.commit;
}

/**
 * What refs have named, by their logs (`git help reflog`: a line for each change, with the hashes before and after).
 * @returns undefined where the repository keeps its refs, and so its logs, in another form
 */
function formerTips(directory: string, refs: readonly string[]): Set<string> | undefined {
  if (isPresent(path.join(directory, 'reftable'))) return undefined;
  const former = new Set<string>();
  for (const ref of refs) {
    const file = path.join(directory, 'logs', ref);
    if ((statOf(file)?.size ?? 0) > MAX_LOG) return undefined;
    for (const [, before, after] of (readTextIfPresent(file, MAX_LOG) ?? '').matchAll(/^([0-9a-f]+) ([0-9a-f]+) /gm))
      former.add(before!).add(after!);
  }
  return former;
}
