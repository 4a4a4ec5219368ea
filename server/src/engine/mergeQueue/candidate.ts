import { featureOf, recordFeature } from '../convoys/feature';
import { isDone } from '../convoys/landConvoy';
import { actors, StaleAction, type EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { basesOf, isClosed, mergeOf, withMerge, withWork, workOf, type MergeRequest } from '../state/work';
import { OUTDATED } from './deferMerge';
import { conflictFeedback, type Feedback } from './rejectWork';

export type Candidate =
  | { kind: 'clean'; commit: string; before: readonly string[] }
  /** The target already contains the change. */
  | { kind: 'empty' }
  /** The feature branch has moved since its landing was requested: it is requested again. */
  | { kind: 'outdated' }
  | { kind: 'returned'; why: Feedback };

/**
 * The commit that a merge request would land on top of another; or the reason why the work goes back to its author.
 * @param onto the tip of the target, or the candidate of the request before it
 */
export async function makeCandidate(
  rig: RigPort,
  request: MergeRequest,
  onto: string,
  context: EngineContext,
): Promise<Candidate> {
  if (request.landing) return makeLanding(rig, request, onto, context);
  if ((await rig.branchTip(request.branch)) !== request.commit) {
    return {
      kind: 'returned',
      why: {
        problem: `the branch ${request.branch} moved after it was submitted`,
        feedback: 'Do not change a branch after "gt done".',
      },
    };
  }
  const source = context.store.get(request.source);
  const title = source?.title ?? request.source;
  const isMerge = source !== undefined && request.target !== undefined && workOf(source).mergesTarget !== undefined;
  const rebased = isMerge
    ? await rig.mergeBranch(request.commit, onto, { title, trailers: [`Bead: ${request.source}`] })
    : await rig.rebase(request.commit, onto, {
        bead: request.source,
        title,
        worker: request.worker,
        bases: source ? basesOf(workOf(source)) : [],
        target: request.target,
      });
  return candidateOf(rebased, onto);
}

/** The merge commit by which the feature branch of a convoy would land. */
async function makeLanding(
  rig: RigPort,
  request: MergeRequest,
  onto: string,
  context: EngineContext,
): Promise<Candidate> {
  if (request.outdated || (await rig.featureTip(request.branch)) !== request.commit) return { kind: 'outdated' };
  const title = context.store.get(request.source)?.title ?? request.source;
  const trailers = [`Convoy: ${request.source}`];
  return candidateOf(await rig.mergeBranch(request.commit, onto, { title, trailers }), onto);
}

function candidateOf(rebased: Awaited<ReturnType<RigPort['rebase']>>, onto: string): Candidate {
  if (rebased.kind === 'empty') return rebased;
  if (rebased.kind === 'incomplete') {
    const problem = rebased.problems.join('\n');
    return {
      kind: 'returned',
      why: { problem, feedback: `A clone of your change would lack something:\n\n${problem}` },
    };
  }
  if (rebased.kind === 'conflict') return { kind: 'returned', why: conflictFeedback(rebased.files, onto) };
  return { kind: 'clean', commit: rebased.commit, before: rebased.before ?? [] };
}

/**
 * Records the commits before the push, so that they can be found on the landing branch after a crash.
 * @throws StaleAction if a request was closed or is outdated: its commit is part of all later ones
 */
export async function recordCandidates(
  links: readonly { id: string; request: MergeRequest; commit: string }[],
  rig: string,
  context: EngineContext,
): Promise<void> {
  await context.store.batch({ actor: actors.refinery(rig) }, (tx) => {
    for (const { id, request, commit } of links) {
      const bead = tx.get(id);
      if (!bead || isClosed(bead.status)) throw new StaleAction(`${id} is closed`);
      if (mergeOf(bead)?.outdated) throw new StaleAction(`${id}: ${OUTDATED}`);
      tx.update(id, { metadata: withMerge(bead, { candidate: commit, direct: undefined }) });
      const source = tx.get(request.source);
      if (source && request.landing) {
        if (!isDone(tx, source) || isClosed(source.status)) throw new StaleAction(`${source.id} does not land now`);
        recordFeature(tx, source, rig, { candidate: commit });
        continue;
      }
      if (source) tx.update(source.id, { metadata: withWork(source, { candidate: commit }) });
    }
  });
}

/**
 * The commit of this work that is already on the target: its landing was not recorded, because of a crash or because
 * the merge request was closed. Also that of an earlier request for the same bead.
 */
export async function landedCandidate(
  rig: RigPort,
  request: MergeRequest,
  context: EngineContext,
): Promise<string | undefined> {
  const source = context.store.get(request.source);
  const known = (): string | undefined => {
    if (!source) return undefined;
    if (request.landing) return featureOf(source)?.rigs[request.rig]?.candidate;
    const { candidate, merged } = workOf(source);
    return candidate === merged ? undefined : candidate; // it was recorded: the bead is open again, for other work
  };
  const candidate = request.candidate ?? known();
  return candidate !== undefined && (await rig.hasLanded(candidate, request.target)) ? candidate : undefined;
}
