import { git, gitProbe } from './git';
import { localRef } from './localLanding';
import { safePart } from './names';

const PREFIX = 'convoy/';
const ORIGIN = 'refs/remotes/origin/';
/** Prefix of the refs that keep the last tip of feature branches, even if the branch is deleted. */
const KEPT = 'refs/gastown/';

/** Name of the branch that collects the beads of a convoy, in each of its rigs. */
export function featureBranch(convoy: string): string {
  return `${PREFIX}${safePart(convoy)}`;
}

export function isFeatureBranch(branch: string): boolean {
  return branch.startsWith(PREFIX);
}

/** Full name of the ref that keeps the last tip of a feature branch. */
export function keptRef(branch: string): string {
  return `${KEPT}${branch}`;
}

/** @param repository folder of the rig's bare repository */
export async function keepFeature(repository: string, branch: string, commit: string): Promise<void> {
  await git(repository, ['update-ref', keptRef(branch), commit]);
}

/** Removes the ref from which a feature branch could be restored, after it has landed. */
export async function forgetFeature(repository: string, branch: string): Promise<void> {
  await git(repository, ['update-ref', '-d', keptRef(branch)]);
  await gitProbe(repository, ['update-ref', '-d', localRef(branch)]);
}

/** The refs of all feature branches, including those that were deleted from the source before they landed. */
export const featureRefs: readonly string[] = [`${ORIGIN}${PREFIX}`, `${KEPT}${PREFIX}`, localRef(PREFIX)];
