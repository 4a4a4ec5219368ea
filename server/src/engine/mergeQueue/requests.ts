import { UserError } from '../../base/errors';
import { mergeRequestInfo, mergeRequests, overlapsOf, type QueueSources } from './mergeRequests';
import { giveVerdict } from '../review/review';
import { requestsIn } from './requestIndex';
import { isClosed, mergeOf, workOf, type MergeRequest } from '../state/work';
import { changedFilesOf, fileAt } from '../../git/change';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import {
  DirectLand,
  LandingSettings,
  MqApprove,
  MqChange,
  MqDiff,
  MqFile,
  MqGet,
  MqList,
  MqLog,
  MqProcess,
  MqReject,
  MqReorder,
  MqRetry,
  MqSubmit,
  Verify,
  type MergeRequestInfo,
} from '../../protocol/town';
import { readableDiff } from '../../git/patchId';
import { filesChanged, targetsTouched } from '../../rigs/gateTargets';
import { townSettingsFile } from '../../town/config';
import { crewAddress, crewNames } from '../../rigs/crew';
import type { Rig } from '../../rigs/rig';
import { fullAddress, parseAddress, type TownLayout } from '../../town/layout';
import { done, hookedBead } from '../dispatch/done';
import type { Engine } from '../loop/engine';
import { landDirectly } from './directLanding';
import { gateLogsOf } from './gateLogs';
import { processQueue } from './processQueue';
import { reorder } from './reorder';
import { retryMerge } from './retryMerge';
import { verifyWork } from './verify';
import { submitCrewWork } from './submitCrew';
import { submitWork, workToSubmit, type NamedWork } from './submit';
import type { BeadStore } from '../../beads/store';
import type { Dispatcher } from '../../protocol/dispatcher';
import type { ReviewSetting } from '../../protocol/town';
import type { Rigs } from '../../rigs/registry';
import type { SessionManager } from '../../sessions/manager';
import type { EngineContext } from '../loop/context';

export interface MergeQueueTown {
  readonly dispatcher: Dispatcher;
  readonly engineContext: EngineContext;
  readonly engine: Pick<Engine, 'exclusive' | 'runNow'>;
  readonly layout: TownLayout;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'get' | 'require'>;
  readonly sessions: Pick<SessionManager, 'markDone'>;
  reviewSetting(rig: string): ReviewSetting;
}

const MAX_DIFF_BYTES = 250_000;

export function registerMergeQueueHandlers(town: MergeQueueTown): void {
  const { dispatcher, engineContext: context, rigs } = town;
  const sources = (): QueueSources => ({
    store: town.store,
    now: new Date(),
    reviewSetting: (name) => town.reviewSetting(name),
    targetBranch: (name) => rigs.get(name)?.repository.landing ?? '',
    filesOf: (name, commit) => rigs.get(name)?.files.of(commit),
  });
  dispatcher.on(MqList.spec, async (filter) => {
    if (filter.rig !== undefined) rigs.require(filter.rig);
    await readFiles(town, filter.rig);
    return mergeRequests(sources(), filter);
  });
  dispatcher.on(MqGet.spec, async ({ id }) => {
    const bead = requestsIn(town.store).find(id);
    const info = bead && mergeRequestInfo(sources(), bead);
    if (!info) throw new UserError(`there is no merge request ${id}`, 'see "gt mq list --all"', 'not-found');
    await readFiles(town, info.rig);
    return { ...info, overlaps: overlapsOf(sources(), info), ...(await partsOf(town, info)) };
  });
  dispatcher.on(MqApprove.spec, async ({ id, ...verdict }, caller) =>
    judged(town, caller, await giveVerdict(context, caller, id, { ...verdict, verdict: 'approved' })),
  );
  dispatcher.on(MqReject.spec, async ({ id, ...verdict }, caller) =>
    judged(town, caller, await giveVerdict(context, caller, id, { ...verdict, verdict: 'rejected' })),
  );
  dispatcher.on(MqRetry.spec, ({ id }, caller) => {
    const request = requestNamed(town.store, id);
    rigs.require(request.merge.rig).forgetFailedGates();
    return retryMerge(context, caller, id);
  });
  dispatcher.on(MqReorder.spec, (params, caller) => reorder(context, caller, sources(), params));
  dispatcher.on(MqSubmit.spec, (params, caller) => submit(town, caller, params));
  dispatcher.on(MqProcess.spec, ({ rig }, caller) => {
    rigs.require(rig).forgetFailedGates();
    return processQueue({ context, engine: town.engine, sources }, caller, rig);
  });
  dispatcher.on(Verify.spec, (_params, caller) => verifyWork({ context, engine: town.engine }, caller));
  dispatcher.on(MqLog.spec, async ({ id, gate }) => {
    const { bead, merge } = requestNamed(town.store, id);
    const logs = gateLogsOf(town.layout, bead.id, merge);
    const { checks, reviewers, reviewsNeeded, reviews } = mergeRequestInfo(sources(), bead)!;
    return {
      checks,
      reviewers,
      reviewsNeeded,
      reviews,
      mergeRequest: bead.id,
      bead: merge.source,
      logs: logs.filter((log) => gate === undefined || log.gate === gate),
    };
  });
  dispatcher.on(MqDiff.spec, async ({ id }) => {
    const { repository, base, commit } = await changeOf(town, id);
    return { text: await readableDiff(repository, base, commit, MAX_DIFF_BYTES) };
  });
  dispatcher.on(DirectLand.spec, ({ agent, force = false, skipTests = false, dryRun = false }, caller) =>
    landDirectly(
      {
        context,
        engine: town.engine,
        changedFiles: (rig, base, commit) => changedFilesOf(rigs.require(rig).repository, base, commit),
      },
      caller,
      { agent, force, skipTests, dryRun },
    ),
  );
  dispatcher.on(LandingSettings.spec, async ({ mayorMayLand, mergeStrategy, featureBranch }) => {
    const file = townSettingsFile(town.layout);
    if ([mayorMayLand, mergeStrategy, featureBranch].some((value) => value !== undefined))
      file.update((settings) => {
        settings.mayor_may_land = mayorMayLand ?? settings.mayor_may_land;
        settings.merge_strategy = mergeStrategy ?? settings.merge_strategy;
        settings.feature_branch = featureBranch ?? settings.feature_branch;
      });
    const { mayor_may_land, merge_strategy, feature_branch } = file.read();
    return { mayorMayLand: mayor_may_land, mergeStrategy: merge_strategy, featureBranch: feature_branch };
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

/** Reads the files of requests, for the overlaps in a list. Not needed for a single request. */
async function readFiles({ store, rigs }: MergeQueueTown, rig: string | undefined): Promise<void> {
  const byRig = new Map<string, string[]>();
  for (const bead of requestsIn(store).open(rig)) {
    const request = mergeOf(bead);
    if (request) byRig.set(request.rig, [...(byRig.get(request.rig) ?? []), request.commit]);
  }
  for (const [name, commits] of byRig) if (commits.length > 1) await rigs.get(name)?.files.read(commits);
}

/** The session of a reviewer ends with its verdict. */
function judged<T>(town: MergeQueueTown, caller: CallContext, result: T): T {
  if (caller.agent !== undefined) town.sessions.markDone(caller.agent);
  return result;
}

/**
 * An agent submits its own work, which ends its session. A person submits the work of an agent whose session has ended.
 */
async function submit(
  town: MergeQueueTown,
  caller: CallContext,
  { message, priority, ...named }: MqSubmit.Params,
): Promise<MqSubmit.Result> {
  const { engineContext: context } = town;
  const member = memberNamed(town, caller, named.agent);
  if (member) return submitCrewWork(context, caller, member, { message, priority, ...named });
  if (caller.kind === 'agent') {
    refuseOthersWork(context, caller.agent, named);
    const result = await done(context, caller, { status: 'completed', message, priority });
    if (caller.agent !== undefined) town.sessions.markDone(caller.agent);
    return { mergeRequest: result.mergeRequest ?? '', bead: result.bead };
  }
  const { bead, agent } = workToSubmit(context, named);
  return { mergeRequest: await submitWork(context, caller, { bead, agent, message, priority }), bead: bead.id };
}

/**
 * The member of the crew that an agent is, or that a person names: `toy/crew/joe`, or `toy/joe` if no polecat has this
 * name.
 */
function memberNamed(
  { rigs }: MergeQueueTown,
  caller: CallContext,
  named: string | undefined,
): { rig: Rig; name: string } | undefined {
  const own = caller.kind === 'agent' ? caller.agent : undefined;
  const address = parseAddress(fullAddress(named ?? own ?? ''));
  const rig = address && rigs.get(address.rig);
  if (!rig) return undefined;
  const isMember =
    address.role === 'crew' ||
    (named !== fullAddress(named ?? '') &&
      !rig.worktrees().some(({ name }) => name === address.name) &&
      crewNames(rig).includes(address.name));
  if (!isMember) return undefined;
  if (own !== undefined && own !== crewAddress(rig.name, address.name))
    throw new UserError('an agent submits only its own work', 'run "gt mq submit" for it', 'refused');
  return { rig, name: address.name };
}

function refuseOthersWork(
  context: EngineContext,
  agent: string | undefined,
  { bead, branch, agent: worker }: NamedWork,
): void {
  const own = agent === undefined ? undefined : hookedBead(context, agent);
  const isOwn =
    own === undefined || // `done` reports the problem
    ((bead === undefined || context.store.resolve(bead) === own.id) &&
      (branch === undefined || workOf(own).branch === branch) &&
      (worker === undefined || fullAddress(worker) === agent));
  if (!isOwn) throw new UserError('an agent submits only its own work', 'run "gt done" for it', 'refused');
}

function requestNamed(store: BeadStore, id: string): { bead: Bead; merge: MergeRequest } {
  const bead = requestsIn(store).find(id);
  const merge = bead && mergeOf(bead);
  if (!merge) throw new UserError(`there is no merge request ${id}`, 'see "gt mq list --all"', 'not-found');
  return { bead, merge };
}

/** Diff of a merge request, or of the landed commit. */
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

/** The touched parts of an open request, which decide its gates. */
async function partsOf(town: MergeQueueTown, { id, rig, closedAt }: MergeRequestInfo): Promise<{ parts?: string[] }> {
  const { targets } = town.rigs.require(rig).settings.merge_queue;
  if (closedAt !== undefined || Object.keys(targets).length === 0) return {};
  const { repository, base, commit } = await changeOf(town, id);
  const parts = targetsTouched(targets, await filesChanged(repository, base, commit));
  return parts ? { parts } : {};
}
