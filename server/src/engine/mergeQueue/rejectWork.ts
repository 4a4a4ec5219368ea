import type { Transaction } from '../../beads/store';
import { cutBytes } from '../../base/text';
import { rejectLanding } from '../convoys/rejectLanding';
import { isClosed, withMerge, workOf, type MergeRequest, type Work } from '../state/work';
import { failAttempt } from '../loop/failure';
import type { Feedback } from './feedback';

export type { Feedback } from './feedback';

/**
 * Rejects work for its own problem: closes its merge request and gives its polecat another attempt in the same
 * worktree.
 * @param retry whether another attempt is allowed
 */
export function rejectWork(
  tx: Transaction,
  mergeRequest: string,
  request: MergeRequest,
  why: Feedback,
  options: { now: Date; retry(work: Work): boolean },
): void {
  const bead = tx.get(mergeRequest);
  if (bead) tx.update(bead.id, { metadata: withMerge(bead, { ending: 'rejected' }) });
  tx.close(mergeRequest, cutBytes(`Sent back: ${why.problem}`, 400), { force: true });
  const source = tx.get(request.source);
  if (source && request.landing) return rejectLanding(tx, source, request, why, options);
  if (!source || isClosed(source.status)) return;
  if (source.assignee !== request.worker) tx.update(source.id, { assignee: request.worker });
  const current = tx.get(source.id)!;
  failAttempt(tx, current, { ...why, rig: request.rig, now: options.now, retry: options.retry(workOf(current)) });
}

export function conflictFeedback(files: string[], base: string): Feedback {
  return {
    problem: `conflicts with the target in ${files.join(', ')}`,
    rebaseOnto: base,
    conflicts: files,
    feedback: `Your branch does not rebase cleanly. Run "git rebase ${base}", resolve ${files.join(', ')} so that both changes are in, then "gt done".`,
  };
}
