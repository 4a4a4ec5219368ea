import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { MergeRequestInfo, ReviewMode, ReviewState } from '../../protocol/town';
import { wantedSince } from '../convoys/wanted';
import { mergeScore } from './score';
import { isClosed, MERGE_REQUEST, mergeOf, workOf, type MergeRequest } from '../state/work';

/** Reads merge requests for people and agents. */
export interface QueueSources {
  store: BeadStore;
  reviewMode(rig: string): ReviewMode;
  now: Date;
}

/** Open merge requests in the order in which they will be merged; those in review come last. */
export function mergeRequests(sources: QueueSources, rig?: string): MergeRequestInfo[] {
  return sources.store
    .list({ type: [MERGE_REQUEST], limit: 0 })
    .flatMap((bead) => mergeRequestInfo(sources, bead) ?? [])
    .filter((info) => rig === undefined || info.rig === rig)
    .sort(
      (a, b) =>
        ORDER[a.state] - ORDER[b.state] ||
        Number(b.first) - Number(a.first) ||
        b.score - a.score ||
        a.createdAt.localeCompare(b.createdAt) ||
        a.id.localeCompare(b.id),
    );
}

const ORDER: Record<MergeRequestInfo['state'], number> = { merging: 0, queued: 1, reviewing: 2, failed: 3 };

export function mergeRequestInfo(sources: QueueSources, bead: Bead): MergeRequestInfo | undefined {
  const request = mergeOf(bead);
  if (!request || isClosed(bead.status)) return undefined;
  const source = sources.store.get(request.source);
  const mode = sources.reviewMode(request.rig);
  const review = reviewState(request, mode);
  const createdAt = Date.parse(bead.created_at);
  const convoyCreatedAt = wantedSince(sources.store).get(request.source) ?? 0;
  return {
    id: bead.id,
    rig: request.rig,
    bead: request.source,
    title: source?.title ?? bead.title,
    worker: request.worker,
    branch: request.branch,
    state:
      bead.status === 'failed'
        ? 'failed'
        : bead.status === 'in_progress'
          ? 'merging'
          : review === 'none' || review === 'approved'
            ? 'queued'
            : 'reviewing',
    review,
    patch: request.review?.patch,
    approvedBy: review === 'approved' ? request.review?.by : undefined,
    needsPerson: needsPerson(bead, request, mode),
    priority: bead.priority,
    retries: request.retries,
    createdAt: bead.created_at,
    note: request.note,
    first: request.first ?? false,
    score: Math.round(
      mergeScore(
        { priority: bead.priority, createdAt, convoyCreatedAt, retries: request.retries },
        sources.now.getTime(),
      ),
    ),
    reviews: source
      ? workOf(source).reviews.map(({ by, verdict, message, note, at }) => ({ by, verdict, message, note, at }))
      : [],
  };
}

function reviewState(request: MergeRequest, mode: ReviewMode): ReviewState {
  if (mode === 'off') return 'none';
  return request.review?.state ?? 'to-do';
}

/** Whether its review waits for a person, and not for a script or an agent. */
export function needsPerson(bead: Bead, request: MergeRequest, mode: ReviewMode): boolean {
  return (
    mode !== 'off' &&
    bead.status === 'open' &&
    request.review?.state === 'waiting' &&
    (mode === 'person' || request.review.person === true)
  );
}
