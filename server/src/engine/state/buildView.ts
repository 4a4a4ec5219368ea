import { declaredFiles } from '../dispatch/overlaps';
import { FEATURE_LABEL, featureOf, rigsToLand, unlandedBeads, waitsForLanding } from '../convoys/feature';
import { isDone } from '../convoys/landConvoy';
import { openConvoys, pausedBeads, wantedSince } from '../convoys/wanted';
import { happenedAt, time, waitEnd } from './times';
import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import { isSafeSegment } from '../../git/names';
import { parseAddress, polecatAddress } from '../../town/layout';
import { defaultNames } from '../../town/names';
import { isOpen } from '../escalation/escalation';
import { settledReason, type SettledFacts } from '../escalation/settled';
import { crashLoopKey, isCrashLoop } from '../supervision/crashLoops';
import { targetsTouched } from '../../rigs/gateTargets';
import { reviewSettingOf, type RigSettings } from '../../town/config';
import { graphOf } from '../../formulas/pour/molecule';
import { openBlockers } from '../../beads/index/blocking';
import { gateOpensAt } from '../../beads/model/closing';
import { isWatched } from '../mergeQueue/mergeRule';
import { preparedIn } from '../mergeQueue/preparedBatches';
import { requestsIn } from '../mergeQueue/requestIndex';
import { takenIn } from '../mergeQueue/takenRequests';
import { searchesIn } from '../mergeQueue/searches';
import { openStepsOf } from '../molecules/openSteps';
import type { RigPort, SessionPort } from '../loop/ports';
import type {
  ConvoyView,
  EscalationView,
  GateView,
  MergeView,
  RigView,
  TownView,
  WorktreeView,
  WorkView,
} from './townView';
import { CONVOY, ESCALATION, isClosed, isOwned, mergeOf, orderOf, trackedIds, workOf, type MergeRequest } from './work';
import { belongsToPerson, DISPATCHABLE, IN_WORK, openSources, rigOfBead, workingSet } from './workingSet';

/** The parts of a rig that the view needs. */
export interface ViewedRig {
  port: RigPort;
  settings: RigSettings;
  accepted: boolean;
  unacceptedReviewers: readonly string[];
}

export interface ViewSources {
  store: BeadStore;
  sessions: SessionPort;
  rigs: ViewedRig[];
  up: boolean;
  now: Date;
  awakeSince: number;
  inFlight: ReadonlySet<string>;
  /** Whether a person has accepted the runtime and the script of this bead. */
  consented(bead: Bead, rig: string): boolean;
}

/** Builds the view of the town's current state. */
export function buildView(sources: ViewSources): TownView {
  const { store } = sources;
  const requests = requestsIn(store).waiting();
  const trackedBy = wantedSince(store);
  const now = sources.now.getTime();
  const facts = {
    now,
    rigs: sources.rigs.map((rig) => rigView(rig, store, now)),
    work: workViews(sources, trackedBy, openSources(store, requests)),
    merges: requests.flatMap((bead) => mergeView(sources, bead, trackedBy, now)),
    withdrawnMerges: withdrawnMerges(sources, now),
    abandonedPullRequests: abandonedPullRequests(store, now),
    sessions: sources.sessions.all(),
  };
  return {
    ...facts,
    awakeSince: sources.awakeSince,
    up: sources.up,
    inFlight: sources.inFlight,
    worktrees: sources.rigs.flatMap((rig) => worktreeViews(store, rig.port, requests)),
    convoys: openConvoys(store).map((convoy) => convoyView(store, convoy)),
    endedFeatures: endedFeatures(store),
    gates: gateViews(store),
    escalations: escalationViews(store, { ...facts, statusOf: (id) => store.get(id)?.status }),
  };
}

function escalationViews(store: BeadStore, facts: SettledFacts): EscalationView[] {
  return store
    .list({ type: [ESCALATION], ledger: 'hq', limit: 0 })
    .map((bead) => ({ id: bead.id, revision: bead.updated_at, settled: settledReason(bead, facts) }));
}

function rigView(rig: ViewedRig, store: BeadStore, now: number): RigView {
  const { settings } = rig;
  const { lastSpawnAt, shortLives } = rig.port.pacing;
  const crashLooping = isCrashLoop(
    shortLives.filter((at) => at <= now),
    now,
    settings.max_workers,
  );
  return {
    name: rig.port.name,
    accepted: rig.accepted,
    lastSpawnAt: happenedAt(lastSpawnAt, now),
    maxWorkers: settings.max_workers,
    spawnDelayMs: settings.worker_spawn_delay * 1000,
    review: reviewSettingOf(settings),
    unacceptedReviewers: rig.unacceptedReviewers,
    avoidOverlap: settings.avoid_overlap,
    reviewTimeoutMs: settings.review_timeout * 1000,
    maxReviewRounds: settings.max_review_rounds,
    stallMs: settings.stall_after * 1000,
    mergeStrategy: rig.port.mergeQueue.strategy,
    mergeWindow: rig.port.mergeWindow(),
    maxBatch: settings.merge_queue.max_batch,
    gateRuns: rig.port.mergeQueue.gateRuns,
    mergeMode: rig.port.mergeQueue.mode,
    crashLooping,
    crashLoopReported: crashLooping && isOpen(store, crashLoopKey(rig.port.name)),
    maxAttempts: settings.max_attempts,
    maxRestarts: settings.max_restarts,
    pool: (settings.namepool.names ?? defaultNames).filter(isSafeSegment),
  };
}

function withdrawnMerges({ store, rigs }: ViewSources, now: number): TownView['withdrawnMerges'] {
  return requestsIn(store)
    .open()
    .flatMap((bead) => {
      const merge = mergeOf(bead);
      const source = merge && store.get(merge.source);
      if (!source || !isClosed(source.status) || merge.landing || takenIn(store).has(bead.id)) return [];
      const own = rigs.find(({ port }) => port.name === merge.rig);
      const hasPullRequest = merge.pullRequest?.state === 'open';
      const watched = own && isWatched({ hasPullRequest }, { mergeStrategy: own.port.mergeQueue.strategy });
      if (bead.status !== 'failed' && (merge.review?.state !== 'waiting' || watched)) return [];
      const notBefore = waitEnd(time(merge.notBefore), now);
      return [{ mergeRequest: bead.id, rig: merge.rig, revision: bead.updated_at, notBefore }];
    });
}

/**
 * Pull requests of closed merge requests, unless their bead is in progress: its next merge request continues with the
 * pull request.
 */
function abandonedPullRequests(store: BeadStore, now: number): TownView['abandonedPullRequests'] {
  return requestsIn(store)
    .withPullRequest()
    .flatMap((bead) => {
      const merge = mergeOf(bead);
      const source = merge && store.get(merge.source);
      if (!merge || !isClosed(bead.status)) return [];
      if (source && !isClosed(source.status) && source.status !== 'failed') return [];
      const notBefore = waitEnd(time(merge.notBefore), now);
      return [{ mergeRequest: bead.id, rig: merge.rig, revision: bead.updated_at, notBefore }];
    });
}

function workViews(
  sources: ViewSources,
  trackedBy: ReadonlyMap<string, number>,
  unmerged: ReadonlySet<string>,
): WorkView[] {
  const { store } = sources;
  const now = sources.now.getTime();
  const paused = pausedBeads(store);
  const unlanded = unlandedBeads(store);
  return workingSet(store, trackedBy.keys()).flatMap((bead): WorkView[] => {
    const work = workOf(bead);
    const rig = rigOfBead(store, bead);
    if (!rig || (IN_WORK.has(bead.status) && !isPolecatsWork(bead, rig))) return [];
    if (!IN_WORK.has(bead.status) && belongsToPerson(bead)) return [];
    return [
      {
        id: bead.id,
        rig,
        status: bead.status === 'deferred' ? 'open' : bead.status,
        assignee: bead.assignee,
        priority: bead.priority,
        createdAt: Date.parse(bead.created_at),
        revision: bead.updated_at,
        blocked:
          !IN_WORK.has(bead.status) &&
          (store.deferringBead(bead.id, now) !== undefined ||
            isBlocked(store, bead, unmerged) ||
            waitsForLanding(store, bead, unlanded) !== undefined),
        slung: work.slung !== undefined || trackedBy.has(bead.id),
        held: work.held ?? false,
        pausedBy: paused.get(bead.id),
        waitsForStep: waitsForStep(store, bead),
        attempt: work.attempt,
        deaths: work.deaths,
        submitted: unmerged.has(bead.id),
        ...fileViews(sources, bead, rig),
        notBefore: waitEnd(time(work.notBefore), now),
        startBlock: work.startBlock,
        stallHandledAt: happenedAt(time(work.silence?.at), now),
        wantedName: work.slung?.agent,
        consented: sources.consented(bead, rig),
      },
    ];
  });
}

/** The files that it declares, and those that it has changed, if the rig uses them. */
function fileViews({ rigs }: ViewSources, bead: Bead, rig: string): Pick<WorkView, 'files' | 'touched'> {
  const found = rigs.find(({ port }) => port.name === rig);
  if (!found?.settings.avoid_overlap) return {};
  const { branch } = workOf(bead);
  const files = declaredFiles(bead);
  return {
    ...(files.length > 0 ? { files } : {}),
    ...(IN_WORK.has(bead.status) && branch !== undefined ? { touched: found.port.files.ofBranch(branch) } : {}),
  };
}

function waitsForStep(store: BeadStore, bead: Bead): boolean {
  const work = workOf(bead);
  if (work.molecule === undefined) return false;
  const steps = openStepsOf(graphOf(store), bead);
  if (!steps) return false;
  return !steps.canGoOn || (work.paused?.mark !== undefined && work.paused.mark === steps.mark);
}

/**
 * Whether a bead was hooked by this town's engine. Beads claimed by people, or hooked in other towns, are not started
 * here.
 */
function isPolecatsWork(bead: Bead, rig: string): boolean {
  const address = bead.assignee ? parseAddress(bead.assignee) : undefined;
  return address?.role === 'polecats' && address.rig === rig && workOf(bead).branch !== undefined;
}

/** Whether a bead has unmet dependencies. One is met when its bead is closed and has no unmerged merge request. */
function isBlocked(store: BeadStore, bead: Bead, unmerged: ReadonlySet<string>): boolean {
  return (
    store.blockerIds(bead.id).length > 0 ||
    (bead.dependencies ?? []).some((edge) => edge.type === 'blocks' && unmerged.has(edge.depends_on_id))
  );
}

/** Gates that open at a time or with a bead; the others are opened by people or agents. */
function gateViews(store: BeadStore): GateView[] {
  const gates = [false, true].flatMap((ephemeral) => store.list({ type: ['gate'], ephemeral, limit: 0 }));
  return gates.flatMap((gate): GateView[] => {
    const opensAt = gateOpensAt(store, gate);
    if (opensAt === undefined) return [];
    // The gate itself is still blocked by its step's dependencies.
    const isBehind = openBlockers(graphOf(store), gate).length > 0;
    return [{ id: gate.id, revision: gate.updated_at, opensAt: isBehind ? Infinity : opensAt }];
  });
}

function mergeView(
  { store, rigs }: ViewSources,
  bead: Bead,
  trackedBy: ReadonlyMap<string, number>,
  now: number,
): MergeView[] {
  const merge = mergeOf(bead);
  if (!merge) return [];
  const { target } = merge;
  const own = rigs.find(({ port }) => port.name === merge.rig);
  const rig = target === undefined ? undefined : own;
  const files = own?.port.files.of(merge.commit);
  const source = store.get(merge.source);
  return [
    {
      id: bead.id,
      rig: merge.rig,
      ...(rig ? { target: { branch: target!, mergeWindow: rig.port.mergeWindow(target) } } : {}),
      source: merge.source,
      revision: bead.updated_at,
      priority: bead.priority,
      createdAt: Date.parse(bead.created_at),
      convoyCreatedAt: trackedBy.get(merge.source) ?? 0,
      retries: merge.retries,
      notBefore: waitEnd(time(merge.notBefore), now),
      isTaken: takenIn(store).has(bead.id),
      isInterrupted: bead.status === 'in_progress' && !takenIn(store).has(bead.id),
      isSuspected: merge.suspected !== undefined,
      search: searchesIn(store).of(bead.id),
      prepared: preparedIn(store).placeOf(bead.id),
      order: orderOf(merge),
      hasOpenSteps:
        source !== undefined &&
        (merge.landing ? !isDone(store, source) : openStepsOf(graphOf(store), source) !== undefined),
      hasPullRequest: merge.pullRequest?.state === 'open',
      files,
      ...laneView(own, merge, files),
      review: merge.review && {
        state: merge.review.state,
        patch: merge.review.patch,
        states: merge.review.reviewers,
      },
    },
  ];
}

/** The lane of a request, if its rig has several. */
function laneView(
  rig: ViewedRig | undefined,
  { landing, noChange }: MergeRequest,
  files: readonly string[] | undefined,
): Pick<MergeView, 'parts' | 'isUnread'> {
  if (!rig || landing || !hasLanes(rig)) return {};
  if (noChange) return { parts: [] };
  if (files === undefined) return { isUnread: true };
  // The files of very large changes are not read.
  return files.length === 0 ? {} : { parts: targetsTouched(rig.settings.merge_queue.targets, files) };
}

/** Lanes need several gate runs at a time. A pull request is based on the target, so that they come one by one. */
function hasLanes({ port, settings }: ViewedRig): boolean {
  const { gateRuns, strategy } = port.mergeQueue;
  return gateRuns > 1 && strategy !== 'pr' && Object.keys(settings.merge_queue.targets).length > 0;
}

function worktreeViews(store: BeadStore, rig: RigPort, requests: readonly Bead[]): WorktreeView[] {
  return rig.worktrees().map(({ name, bead }) => {
    const known = bead === undefined ? undefined : store.get(bead);
    const unmerged = requests.some((request) => mergeOf(request)?.source === bead);
    return {
      rig: rig.name,
      name,
      bead,
      finished: known !== undefined && !unmerged && isOver(known, polecatAddress(rig.name, name)),
    };
  });
}

/**
 * Whether a worktree is not used again, because its bead was closed or restarted elsewhere. That of a failed bead is
 * kept for a person.
 */
function isOver(bead: Bead, agent: string): boolean {
  if (isClosed(bead.status) || DISPATCHABLE.has(bead.status)) return true;
  return IN_WORK.has(bead.status) && bead.assignee !== agent;
}

function convoyView(store: BeadStore, convoy: Bead): ConvoyView {
  const tracked = trackedIds(convoy).map((id) => {
    const bead = store.get(id);
    return { id, closed: bead !== undefined && isClosed(bead.status) };
  });
  const { id, updated_at: revision, status } = convoy;
  return { id, revision, status, owned: isOwned(convoy), tracked, ...featureView(store, convoy) };
}

function featureView(store: BeadStore, convoy: Bead): Pick<ConvoyView, 'feature'> {
  const feature = featureOf(convoy);
  if (!feature) return {};
  const rigs = rigsToLand(convoy);
  const requested =
    rigs.length > 0
      ? requestsIn(store)
          .openOf(convoy.id)
          .map((bead) => mergeOf(bead)?.rig)
      : [];
  const toLand = rigs.filter((rig) => !requested.includes(rig));
  return { feature: { isLanded: rigs.length === 0, isRequested: feature.requested !== undefined, toLand } };
}

function endedFeatures(store: BeadStore): TownView['endedFeatures'] {
  // Queried by the label alone, which few beads have: type and status would select all closed beads.
  return store
    .list({ labels: [FEATURE_LABEL], all: true, limit: 0 })
    .filter((bead) => bead.issue_type === CONVOY && isClosed(bead.status))
    .map(({ id, updated_at: revision }) => ({ id, revision }));
}
