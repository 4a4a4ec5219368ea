import type { Transaction } from '../../beads/store';
import { cutBytes, firstLine } from '../../base/text';
import type { Bead } from '../../protocol/bead';
import { escalate } from '../escalation/escalation';
import { actors } from '../loop/context';
import type { Feedback } from '../mergeQueue/feedback';
import { isClosed, trackedIds, withWork, workOf, type MergeRequest, type Work } from '../state/work';
import { featureOf } from './feature';

/**
 * Handles a feature branch that cannot land: it conflicts with the target, fails a gate, or its reviewer requested
 * changes. Adds a bead to the convoy, for a polecat to fix it; after too many of these, a person is notified instead.
 */
export function rejectLanding(
  tx: Transaction,
  convoy: Bead,
  request: MergeRequest,
  why: Feedback,
  options: { now: Date; retry(work: Work): boolean },
): void {
  if (isClosed(convoy.status) || !featureOf(convoy)) return;
  const { rig, branch } = request;
  const by = actors.refinery(rig);
  const work = workOf(convoy);
  tx.update(convoy.id, { metadata: withWork(convoy, { attempt: work.attempt + 1 }) });
  const mayRetry = options.retry(workOf(tx.require(convoy.id)));
  const merges = why.conflicts !== undefined ? why.rebaseOnto : undefined;
  const fix = tx.create(rig, {
    title: cutBytes(
      merges === undefined
        ? `Change ${branch} before it lands: ${firstLine(why.problem)}`
        : `Merge the target into ${branch}: it conflicts in ${why.conflicts!.join(', ')}`,
      400,
    ),
    type: 'task',
    priority: Math.min(4, ...trackedIds(convoy).map((id) => tx.get(id)?.priority ?? 4)),
    description: [
      `${convoy.id} (${convoy.title}) is collected on ${branch}, which was to land on the target of ${rig}. Your worktree starts from that branch.`,
      merges === undefined ? why.feedback : conflictText(merges, why.conflicts!),
    ].join('\n\n'),
    ...(mayRetry ? {} : { status: 'failed' }),
  });
  const problem = cutBytes(firstLine(why.problem), 300);
  const slung = { rig, by, at: options.now.toISOString(), ...runtimeOf(tx, convoy, rig) };
  tx.update(fix.id, { metadata: withWork(fix, { slung, mergesTarget: merges, ...(mayRetry ? {} : { problem }) }) });
  tx.addDependency(convoy.id, fix.id, 'tracks');
  tx.event({ type: 'landing_rejected', convoy: convoy.id, bead: fix.id, rig, message: problem });
  if (mayRetry) return;
  escalate(tx, {
    key: fix.id,
    bead: fix.id,
    rig,
    title: `${convoy.id} cannot land in ${rig}: ${problem}`,
    detail: `${why.feedback}\n\nIt was sent back ${work.attempt} times before. Look at ${branch}; then sling ${fix.id} to have it changed, or close it if nothing has to change.`,
  });
}

function conflictText(target: string, files: readonly string[]): string {
  return `It conflicts with the target in ${files.join(', ')}. Run "git merge ${target}", resolve the conflicts so that both sides' changes are in, commit the merge, then "gt done". Merge it, do not rebase: the history of the target has to be in your branch.`;
}

/** The runtime of the last bead of this rig, if one was chosen for it. */
function runtimeOf(
  tx: Transaction,
  convoy: Bead,
  rig: string,
): Partial<Pick<NonNullable<Work['slung']>, 'runtime' | 'model'>> {
  const slung = trackedIds(convoy)
    .map((id) => tx.get(id))
    .flatMap((bead) => (bead && workOf(bead).slung?.rig === rig ? [workOf(bead).slung!] : []))
    .at(-1);
  const { runtime, model } = slung ?? {};
  return { ...(runtime === undefined ? {} : { runtime }), ...(model === undefined ? {} : { model }) };
}
