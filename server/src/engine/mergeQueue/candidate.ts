import type { EngineContext } from '../loop/context';
import type { RigPort } from '../loop/ports';
import { basesOf, workOf, type MergeRequest } from '../state/work';
import { conflictFeedback, type Feedback } from './rejectWork';
import type { LandingBase } from '../../git/landingBase';

export type Candidate =
  | { kind: 'clean'; commit: string; base: LandingBase }
  /** The target has all of it already. */
  | { kind: 'empty' }
  | { kind: 'returned'; why: Feedback };

/** The commit that a merge request would land now, on top of all that has landed; or why its work has to go back. */
export async function makeCandidate(rig: RigPort, request: MergeRequest, context: EngineContext): Promise<Candidate> {
  const base = await rig.landingBase();
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
  const rebased = await rig.rebase(request.commit, base.commit, {
    bead: request.source,
    title: source?.title ?? request.source,
    worker: request.worker,
    bases: source ? basesOf(workOf(source)) : [],
  });
  if (rebased.kind === 'empty') return rebased;
  if (rebased.kind === 'incomplete') {
    const problem = rebased.problems.join('\n');
    return {
      kind: 'returned',
      why: { problem, feedback: `A clone of your change would lack something:\n\n${problem}` },
    };
  }
  if (rebased.kind === 'conflict') return { kind: 'returned', why: conflictFeedback(rebased.files, base.commit) };
  return { kind: 'clean', commit: rebased.commit, base };
}

/**
 * The commit of this work that is on the target already: a crash, or somebody who closed the merge request, came between its
 * landing and the record of it. Also that of an earlier request for the same bead.
 */
export async function landedCandidate(
  rig: RigPort,
  request: MergeRequest,
  context: EngineContext,
): Promise<string | undefined> {
  const source = context.store.get(request.source);
  const candidate = request.candidate ?? (source && workOf(source).candidate);
  return candidate !== undefined && (await rig.hasLanded(candidate)) ? candidate : undefined;
}
