import type { BeadStore } from '../../beads/store';
import { graphOf } from '../../formulas/pour/molecule';
import type { Bead } from '../../protocol/bead';
import type {
  MergeRequestInfo,
  MergeRequestState,
  MqListFilter,
  ReviewSetting,
  ReviewState,
} from '../../protocol/town';
import { wantedSince } from '../convoys/wanted';
import { openStepsOf } from '../molecules/openSteps';
import { isClosed, mergeOf, orderOf, workOf, type MergeRequest } from '../state/work';
import { reviewerInfos, reviewNote } from '../review/reviewerInfo';
import { waitsForPerson } from '../review/reviewers';
import { requestsIn } from './requestIndex';
import { commonFiles } from './overlap';
import { searchesIn } from './searches';
import { compareTurns, mergeScore } from './score';
import { inTurns } from './turns';
import { directLandingOf } from './validation';

/** Sources of the information on merge requests for people and agents. */
export interface QueueSources {
  store: BeadStore;
  reviewSetting(rig: string): ReviewSetting;
  /** The rig's own target branch. */
  targetBranch(rig: string): string;
  now: Date;
  /** Files that a commit of a rig changes, if they are known. */
  filesOf(rig: string, commit: string): readonly string[] | undefined;
}

/** Maximum number of closed requests in a list, latest first. */
const MAX_CLOSED = 100;

/** Merge requests in the order in which they will be merged, then those in review, then ended ones, latest first. */
export function mergeRequests(sources: QueueSources, filter: MqListFilter = {}): MergeRequestInfo[] {
  const index = requestsIn(sources.store);
  const withClosed = filter.all === true || (filter.status !== undefined && ended.has(filter.status));
  const convoys = wantedSince(sources.store);
  const open = index.open(filter.rig);
  const closed = withClosed
    ? index
        .all(filter.rig)
        .filter((bead) => isClosed(bead.status))
        .sort((a, b) => (b.closed_at ?? '').localeCompare(a.closed_at ?? ''))
    : [];
  const infos = [...open, ...closed].flatMap((bead) => mergeRequestInfo(sources, bead, convoys) ?? []);
  return inOrder(withOverlaps(infos, sources), sources)
    .filter((info) => matches(info, filter))
    .filter(atMost(MAX_CLOSED));
}

function inOrder(infos: readonly MergeRequestInfo[], sources: QueueSources): MergeRequestInfo[] {
  const now = sources.now.getTime();
  const sorted = [...infos].sort((a, b) => ORDER[a.state] - ORDER[b.state] || compare(a, b, now));
  const queued = sorted.filter(({ state }) => state === 'queued');
  const turns = new Map<string, MergeRequestInfo[]>();
  for (const info of queued) {
    const key = `${info.rig} ${info.target}`;
    turns.set(key, [...(turns.get(key) ?? []), info]);
  }
  for (const [key, queue] of turns) {
    const files = (info: MergeRequestInfo) => sources.filesOf(info.rig, info.commit);
    const ordered = inTurns(
      queue.map((info) => ({ ...turnOf(info), info, files: files(info) })),
      now,
    );
    turns.set(
      key,
      ordered.map(({ info }) => info),
    );
  }
  // Requests of one target are reordered among the positions that they have in the whole list.
  return sorted.map((info) => (info.state === 'queued' ? turns.get(`${info.rig} ${info.target}`)!.shift()! : info));
}

/** The open requests that change the same files as this one. */
export function overlapsOf(sources: QueueSources, info: MergeRequestInfo): MergeRequestInfo['overlaps'] {
  return mergeRequests(sources, { rig: info.rig }).find(({ id }) => id === info.id)?.overlaps ?? [];
}

/** Adds the open requests that change the same files for the same target. */
function withOverlaps(infos: readonly MergeRequestInfo[], sources: QueueSources): MergeRequestInfo[] {
  const open = infos.filter(({ state, closedAt }) => closedAt === undefined && state !== 'failed');
  return infos.map((info) => {
    if (!open.includes(info)) return info;
    const own = sources.filesOf(info.rig, info.commit);
    const overlaps = open
      .filter((other) => other !== info && other.rig === info.rig && other.target === info.target)
      .map((other) => ({ bead: other.bead, files: commonFiles(own, sources.filesOf(other.rig, other.commit)) }))
      .filter(({ files }) => files > 0)
      .sort((a, b) => b.files - a.files || a.bead.localeCompare(b.bead));
    return { ...info, overlaps };
  });
}

/** Keeps all open requests and the latest closed ones. */
function atMost(limit: number): (info: MergeRequestInfo) => boolean {
  let count = 0;
  return ({ state }) => !ended.has(state) || count++ < limit;
}

/** States of requests that are closed. */
const ended: ReadonlySet<MergeRequestState> = new Set(['merged', 'no-change', 'rejected', 'withdrawn']);

const ORDER: Record<MergeRequestState, number> = {
  merging: 0,
  queued: 1,
  reviewing: 2,
  failed: 3,
  merged: 4,
  'no-change': 4,
  rejected: 4,
  withdrawn: 4,
};

function matches(info: MergeRequestInfo, { status, ready, blocked, worker }: MqListFilter): boolean {
  if (status !== undefined && info.state !== status) return false;
  if (ready && !isReady(info)) return false;
  if (blocked && (isReady(info) || ended.has(info.state) || info.state === 'merging')) return false;
  return worker === undefined || info.worker === worker || info.worker.endsWith(`/${worker}`);
}

/** Whether a request could be merged now. */
function isReady({ state, waitsFor }: MergeRequestInfo): boolean {
  return state === 'queued' && waitsFor === undefined;
}

function compare(a: MergeRequestInfo, b: MergeRequestInfo, now: number): number {
  if (ended.has(a.state)) return (b.closedAt ?? '').localeCompare(a.closedAt ?? '');
  return compareTurns(turnOf(a), turnOf(b), now);
}

function turnOf(info: MergeRequestInfo) {
  return {
    ...info,
    createdAt: Date.parse(info.createdAt),
    convoyCreatedAt: info.convoyCreatedAt === undefined ? 0 : Date.parse(info.convoyCreatedAt),
  };
}

export function mergeRequestInfo(
  sources: QueueSources,
  bead: Bead,
  convoys: ReadonlyMap<string, number> = wantedSince(sources.store),
): MergeRequestInfo | undefined {
  const request = mergeOf(bead);
  if (!request) return undefined;
  const source = sources.store.get(request.source);
  const mode = sources.reviewSetting(request.rig);
  const review = reviewState(request, mode);
  const convoyCreatedAt = convoys.get(request.source);
  const work = source && workOf(source);
  const state = stateOf(bead, request, review, work?.merged);
  return {
    id: bead.id,
    rig: request.rig,
    bead: request.source,
    title: source?.title ?? bead.title,
    worker: request.worker,
    branch: request.branch,
    target: request.target ?? sources.targetBranch(request.rig),
    ...(request.landing ? { landing: true } : {}),
    commit: request.commit,
    state,
    ...(waitsFor(sources, { id: bead.id, state, request, source }) ?? {}),
    review,
    patch: request.review?.patch,
    approvedBy: review === 'approved' ? request.review?.by : undefined,
    ...reviewerInfos(mode, request.review),
    pullRequest: request.pullRequest && {
      number: request.pullRequest.number,
      url: request.pullRequest.url,
      open: request.pullRequest.state !== 'closed',
    },
    needsPerson: needsPerson(bead, request, mode),
    priority: bead.priority,
    retries: request.retries,
    createdAt: bead.created_at,
    convoyCreatedAt: convoyCreatedAt === undefined ? undefined : new Date(convoyCreatedAt).toISOString(),
    closedAt: bead.closed_at,
    reason: reasonOf(bead, source),
    landed: landedOf(state, request, work?.merged),
    note: request.note,
    order: orderOf(request),
    first: orderOf(request) < 0,
    score: Math.round(scoreOf(bead, request, convoyCreatedAt, sources.now.getTime())),
    checks: request.checks ?? [],
    direct: directLandingOf(request, request.landed),
    validation: state === 'merged' ? work?.validation : undefined,
    overlaps: [],
    reviews: work ? work.reviews.map(reviewNote) : [],
  };
}

function scoreOf(bead: Bead, { retries }: MergeRequest, convoyCreatedAt = 0, now: number): number {
  return mergeScore({ priority: bead.priority, createdAt: Date.parse(bead.created_at), convoyCreatedAt, retries }, now);
}

function stateOf(
  bead: Bead,
  request: MergeRequest,
  review: ReviewState,
  merged: string | undefined,
): MergeRequestState {
  if (isClosed(bead.status)) {
    if (request.ending !== undefined) return request.ending;
    // Closed by an older version, which did not record the ending.
    return merged !== undefined && request.candidate === merged ? 'merged' : 'withdrawn';
  }
  if (bead.status === 'failed') return 'failed';
  if (bead.status === 'in_progress') return 'merging';
  return review === 'none' || review === 'approved' ? 'queued' : 'reviewing';
}

function landedOf(state: MergeRequestState, request: MergeRequest, merged: string | undefined): string | undefined {
  return state === 'merged' ? (request.landed ?? merged) : undefined;
}

/** Why it was closed or failed. */
function reasonOf(bead: Bead, source: Bead | undefined): string | undefined {
  if (isClosed(bead.status)) return bead.close_reason;
  return bead.status === 'failed' && source ? workOf(source).problem : undefined;
}

/** What a request waits for, besides its review. */
function waitsFor(
  { store, now }: QueueSources,
  {
    id,
    state,
    request,
    source,
  }: { id: string; state: MergeRequestState; request: MergeRequest; source: Bead | undefined },
): Pick<MergeRequestInfo, 'waitsFor' | 'waitsUntil'> | undefined {
  if (state !== 'queued' && state !== 'reviewing') return undefined;
  if (source && openStepsOf(graphOf(store), source)) return { waitsFor: 'steps' };
  if (request.pullRequest?.state === 'open') return { waitsFor: 'pull-request' };
  const { notBefore, suspected } = request;
  if (suspected) return { waitsFor: 'gate' };
  if (searchesIn(store).of(id) !== undefined) return { waitsFor: 'search' };
  return notBefore !== undefined && Date.parse(notBefore) > now.getTime()
    ? { waitsFor: 'retry', waitsUntil: notBefore }
    : undefined;
}

function reviewState(request: MergeRequest, mode: ReviewSetting): ReviewState {
  if (mode === 'off') return 'none';
  return request.review?.state ?? 'to-do';
}

/** Whether the review waits for a person, and not for a script or an agent. */
export function needsPerson(bead: Bead, request: MergeRequest, mode: ReviewSetting): boolean {
  return (
    bead.status === 'open' && request.review?.state === 'waiting' && waitsForPerson(mode, request.review.reviewers)
  );
}
