import { UserError } from '../../base/errors';
import { mergeRequestInfo, mergeRequests, type QueueSources } from './mergeRequests';
import { findRequest, giveVerdict } from '../review/review';
import { requestsIn } from './requestIndex';
import { isClosed, mergeOf, withMerge, withWork, workOf } from '../state/work';
import { changedFilesOf, fileAt } from '../../git/change';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import { MqApprove, MqChange, MqFile, MqGet, MqList, MqReject, MqRetry } from '../../protocol/town';
import type { BeadStore } from '../../beads/store';
import type { Dispatcher } from '../../protocol/dispatcher';
import type { ReviewMode } from '../../protocol/town';
import type { Rigs } from '../../rigs/registry';
import type { SessionManager } from '../../sessions/manager';
import type { EngineContext } from '../loop/context';

export interface MergeQueueTown {
  readonly dispatcher: Dispatcher;
  readonly engineContext: EngineContext;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'require'>;
  readonly sessions: Pick<SessionManager, 'markDone'>;
  reviewMode(rig: string): ReviewMode;
}

export function registerMergeQueueHandlers(town: MergeQueueTown): void {
  const { dispatcher, engineContext: context, rigs } = town;
  const sources = (): QueueSources => ({
    store: town.store,
    now: new Date(),
    reviewMode: (name) => town.reviewMode(name),
  });
  dispatcher.on(MqList.spec, async (filter) => {
    if (filter.rig !== undefined) rigs.require(filter.rig);
    return mergeRequests(sources(), filter);
  });
  dispatcher.on(MqGet.spec, async ({ id }) => {
    const bead = requestsIn(town.store).find(id);
    const info = bead && mergeRequestInfo(sources(), bead);
    if (!info) throw new UserError(`there is no merge request ${id}`, 'see "gt mq list --all"', 'not-found');
    return info;
  });
  dispatcher.on(MqApprove.spec, async ({ id, ...verdict }, caller) =>
    judged(town, caller, await giveVerdict(context, caller, id, { ...verdict, verdict: 'approved' })),
  );
  dispatcher.on(MqReject.spec, async ({ id, ...verdict }, caller) =>
    judged(town, caller, await giveVerdict(context, caller, id, { ...verdict, verdict: 'rejected' })),
  );
  dispatcher.on(MqRetry.spec, ({ id }, caller) => {
    if (caller.kind === 'person') rigs.require(findRequest(context, id).request.rig).forgetFailedGates();
    return retry(town, caller, id);
  });
  dispatcher.on(MqChange.spec, async ({ id }) => {
    const { repository, base, commit } = await changeOf(town, id);
    return { base, commit, files: await changedFilesOf(repository, base, commit) };
  });
  dispatcher.on(MqFile.spec, async ({ id, path, side, at }) => {
    if (at) {
      const { repository } = rigs.require(at.rig);
      if (!(await repository.resolve(at.commit)))
        throw new UserError(`the commit ${at.commit.slice(0, 12)} is gone`, undefined, 'not-found');
      return { text: await fileAt(repository, at.commit, path) };
    }
    const { repository, base, commit } = await changeOf(town, id);
    return { text: await fileAt(repository, side === 'base' ? base : commit, path) };
  });
}

/** A reviewer that has answered has done its work: its session ends. */
function judged<T>(town: MergeQueueTown, caller: CallContext, result: T): T {
  if (caller.agent !== undefined) town.sessions.markDone(caller.agent);
  return result;
}

async function retry(
  town: MergeQueueTown,
  caller: CallContext,
  id: string,
): Promise<{ mergeRequest: string; bead: string }> {
  const { bead, request } = findRequest(town.engineContext, id);
  return town.store.batch(caller, (tx) => {
    const current = tx.get(bead.id)!;
    if (!['open', 'failed'].includes(current.status))
      throw new UserError(
        current.status === 'in_progress'
          ? `${request.source} is being merged right now`
          : `${bead.id} is ${current.status}`,
        undefined,
        'conflict',
      );
    const work = tx.get(request.source);
    // Its bead may have been restarted since: that work must not be overtaken by the old.
    if (!work || !['failed', 'in_review'].includes(work.status) || work.assignee !== request.worker) {
      throw new UserError(
        `${request.source} is no longer in the hands of ${request.worker}`,
        'its work was restarted; leave the old request alone',
        'conflict',
      );
    }
    tx.update(current.id, { status: 'open', metadata: withMerge(current, { retries: 0, notBefore: undefined }) });
    const source = tx.get(request.source);
    if (source?.status === 'failed')
      tx.update(source.id, { status: 'in_review', metadata: withWork(source, { problem: undefined }) });
    return { mergeRequest: bead.id, bead: request.source };
  });
}

/** What a merge request would change, or what its bead's merge has changed. */
async function changeOf(town: MergeQueueTown, id: string) {
  const { rig, commit, base } = requestedChange(town, id) ?? mergedChange(town, id);
  const { repository } = town.rigs.require(rig);
  const tip = await repository.resolve(commit);
  const from = (await repository.resolve(base ?? `${commit}^`)) ?? (tip && (await repository.mergeBase(tip)));
  if (!tip || !from) throw new UserError(`the commits of ${id} are gone`, undefined, 'not-found');
  return { repository, commit: tip, base: from };
}

function requestedChange(town: MergeQueueTown, id: string): { rig: string; commit: string; base?: string } | undefined {
  const bead = requestsIn(town.store).find(id);
  const request = bead && mergeOf(bead);
  if (!request || bead.status === 'tombstone') return undefined;
  if (request.landed !== undefined) return { rig: request.rig, commit: request.landed };
  if (isClosed(bead.status) && workOf(town.store.get(request.source) ?? bead).merged !== undefined) return undefined;
  return request.review
    ? { rig: request.rig, commit: request.review.commit, base: request.review.base }
    : { rig: request.rig, commit: request.commit, base: baseOf(town.store.get(request.source)) };
}

function baseOf(bead: Bead | undefined): string | undefined {
  return bead && workOf(bead).base;
}

function mergedChange(town: MergeQueueTown, id: string): { rig: string; commit: string; base?: string } {
  const bead = town.store.get(town.store.resolve(id));
  const commit = bead && workOf(bead).merged;
  const rig = bead && (workOf(bead).slung?.rig ?? town.store.ledgerOf(bead.id));
  if (!bead || !commit || !rig || !isClosed(bead.status))
    throw new UserError(`${id} has no merge request and was not merged`, 'see "gt mq list"', 'not-found');
  return { rig, commit };
}
