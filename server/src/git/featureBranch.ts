import { git, gitProbe } from './git';
import { localRef } from './localLanding';
import { safePart } from './names';

const PREFIX = 'convoy/';
const ORIGIN = 'refs/remotes/origin/';
/** What a feature branch last held, whatever becomes of the branch itself. */
const KEPT = 'refs/gastown/';

/** Name of the branch that collects the beads of a convoy, in each rig that has some. */
export function featureBranch(convoy: string): string {
  return `${PREFIX}${safePart(convoy)}`;
}

export function isFeatureBranch(branch: string): boolean {
  return branch.startsWith(PREFIX);
}

/** Full name of the ref that keeps what a feature branch last held. */
export function keptRef(branch: string): string {
  return `${KEPT}${branch}`;
}

/** @param repository folder of the rig's bare repository */
export async function keepFeature(repository: string, branch: string, commit: string): Promise<void> {
  await git(repository, ['update-ref', keptRef(branch), commit]);
}

/** Its commits are on the target: removes the ref from which the branch could be restored. */
export async function forgetFeature(repository: string, branch: string): Promise<void> {
  await git(repository, ['update-ref', '-d', keptRef(branch)]);
  await gitProbe(repository, ['update-ref', '-d', localRef(branch)]);
}

/** The refs of all feature branches, also of those that are gone from the source and have not landed. */
export const featureRefs: readonly string[] = [`${ORIGIN}${PREFIX}`, `${KEPT}${PREFIX}`, localRef(PREFIX)];
