import path from 'node:path';
import { readTextIfPresent } from '../base/safeFiles';
import { isPresent, statOf } from '../base/safePaths';
import { gitProbe } from './git';
import type { RigRepository } from './repository';

/** Maximum size of a reflog in bytes, some hundred thousand entries; git is run for a longer one. */
const MAX_LOG = 32 * 1024 * 1024;

/**
 * The nearest ancestor of `tip` that is or was the tip of one of the refs, even if their history was rewritten since;
 * undefined if there is none, and if `tip` itself is one: it was merged before, and reverted.
 * @param refs full names; missing ones are skipped
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

/** Like `forkPoint`, computed by git, for histories with merges. */
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
 * Current and former tips of refs, from their reflogs (`git help reflog`: a line for each change, with the hashes
 * before and after).
 * @returns undefined if the repository stores its refs, and so its logs, in another format
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
