import { AbortedError } from '../../base/abort';
import { parseAddress } from '../../town/layout';
import { StaleAction } from '../loop/context';
import { reopen } from '../review/requestReview';
import { isClosed, type MergeRequest } from '../state/work';
import type { Batch, Link, Member } from './batch';
import { landedCandidate, makeCandidate, type Candidate } from './candidate';
import { cancelMerge, closedFirst, OUTDATED } from './deferMerge';
import { NOTHING_LEFT } from './finishMerge';
import { recordIfMerged } from './pullRequests/recordMerged';
import type { Feedback } from './rejectWork';

/** Finishes members that need no gates: already landed, cancelled, or without a change. */
export async function finishWithoutGates(batch: Batch): Promise<void> {
  for (const member of batch.members) await separately(batch, member, () => finishWithoutGate(batch, member));
}

async function finishWithoutGate(batch: Batch, member: Member): Promise<void> {
  const { rig, context } = batch;
  const { request } = member;
  const landed = await landedCandidate(rig, request, context);
  if (landed !== undefined) return batch.finish([{ member, ending: { commit: landed } }]);
  if (isClosed(context.store.get(request.source)?.status ?? 'closed')) {
    await cancelMerge({ mergeRequest: member.id, rig: batch.rigName }, closedFirst(request.source), context);
    return batch.forget([member]);
  }
  if (!request.noChange) return;
  // Its agent may have continued working after "gt done", for example because it did not get the answer.
  const author = parseAddress(request.worker);
  if (author && (await rig.hasUnsubmittedWork(author.name))) return batch.reject(member, CHANGED_SINCE);
  return batch.finish([{ member, ending: { noChange: request.note ?? 'see its review' } }]);
}

const CHANGED_SINCE: Feedback = {
  problem: 'its worktree has changes, although its agent reported that nothing has to change',
  feedback:
    'You said "gt done --status no-change", but your worktree has changes. Submit them with "gt done", or remove them and run it again.',
};

/**
 * Builds a chain of candidates: one commit for each member, on top of the one before. A member that conflicts with the
 * target goes back to its author or its reviewer; one that only conflicts with an earlier member waits for a later
 * batch.
 * @param base the tip of the target
 * @param prepared links that were built before: reused if they are based on the same commit
 */
export async function buildChain(batch: Batch, base: string, prepared: readonly Link[] = []): Promise<Link[]> {
  const chain: Link[] = [];
  for (const member of batch.members) {
    batch.show('rebasing', [member]);
    const tip = chain.at(-1)?.commit;
    const known = prepared.find((link) => link.id === member.id && link.onto === (tip ?? base));
    const link = await separately(batch, member, async () =>
      known && (await isAsPrepared(batch, member, known)) ? known : addLink(batch, member, { base, tip }),
    );
    if (link) chain.push(link);
  }
  return chain;
}

async function isAsPrepared({ rig }: Batch, { request }: Member, known: Link): Promise<boolean> {
  const { commit, branch, review } = known.request;
  if (request.commit !== commit || request.branch !== branch || request.review?.patch !== review?.patch) return false;
  return request.landing !== true && (await rig.branchTip(branch)) === commit;
}

/** @returns undefined if it is not in this batch */
async function addLink(
  batch: Batch,
  member: Member,
  { base, tip = base }: { base: string; tip?: string },
): Promise<Link | undefined> {
  let placed = await place(batch, member.request, tip);
  if (placed.kind === 'ready') return { ...member, onto: tip, commit: placed.commit, before: placed.before };
  if (tip !== base) {
    placed = await place(batch, member.request, base);
    if (placed.kind === 'ready') return void (await batch.release([member]));
  }
  if (placed.kind === 'outdated') {
    await cancelMerge({ mergeRequest: member.id, rig: batch.rigName }, OUTDATED, batch.context);
    return void batch.forget([member]);
  }
  if (placed.kind === 'returned') return void (await batch.reject(member, placed.why));
  if (placed.kind === 'empty') {
    const turn = { mergeRequest: member.id, rig: batch.rigName };
    if (await recordIfMerged(turn, { rig: batch.rig, context: batch.context, request: member.request }, base))
      return void batch.forget([member]);
    return void (await batch.finish([{ member, ending: { noChange: NOTHING_LEFT } }]));
  }
  await reopen({ mergeRequest: member.id, rig: batch.rigName }, placed.commit, base, batch.context);
  batch.forget([member]);
  return undefined;
}

type Placed =
  | Exclude<Candidate, { kind: 'clean' }>
  | { kind: 'ready'; commit: string; before: readonly string[] }
  /** The rebase has changed the approved patch. */
  | { kind: 'changed'; commit: string };

export async function place(
  { rig, context }: Pick<Batch, 'rig' | 'context'>,
  request: MergeRequest,
  onto: string,
): Promise<Placed> {
  const made = await makeCandidate(rig, request, onto, context);
  if (made.kind !== 'clean') return made;
  const { commit, before } = made;
  const isApproved = rig.review === 'off' || request.review?.patch === (await rig.patchId(onto, commit));
  return isApproved ? { kind: 'ready', commit, before } : { kind: 'changed', commit };
}

/** Runs a task for one member; its failure does not block the others. */
async function separately<T>(batch: Batch, member: Member, task: () => Promise<T>): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await batch.defer([member], error);
    return undefined;
  }
}
