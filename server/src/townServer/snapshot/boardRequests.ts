import { beadDetails } from '../../beads/queries/details';
import type { BeadStore } from '../../beads/store';
import { requestsIn } from '../../engine/mergeQueue/requestIndex';
import { isClosed, mergeOf, workOf } from '../../engine/state/work';
import type { WhyNots } from '../../engine/explain/whyNot';
import { workSessions } from '../../engine/history/attempts';
import { usageByAgent, type Prices } from '../../engine/history/costs';
import type { RigRepository } from '../../git/repository';
import type { Bead } from '../../protocol/bead';
import { BeadDiff, BeadPage, type BeadPageInfo, type MergeInfo } from '../../protocol/board';
import type { ReviewSetting } from '../../protocol/town';
import type { Dispatcher } from '../../protocol/dispatcher';
import { beadDiff } from '../../engine/review/beadDiff';
import { reviewerInfos, reviewNote } from '../../engine/review/reviewerInfo';

/** The parts of a town that the page of a bead needs. */
export interface BoardTown {
  store: BeadStore;
  /** Computed again for each request. */
  whyNots(): WhyNots;
  repositoryOf(rig: string): RigRepository | undefined;
  reviewSetting(rig: string): ReviewSetting;
  prices(): Prices;
}

const EVENTS = 300;
const MERGE_EVENTS = 50;

export function registerBoardHandlers(dispatcher: Dispatcher, town: BoardTown): void {
  const { store } = town;
  dispatcher.on(BeadPage.spec, async ({ id }) => beadPage(town, town.whyNots(), beadNamed(store, id)));
  dispatcher.on(BeadDiff.spec, async ({ id, maxBytes }) =>
    beadDiff(store, beadNamed(store, id), (rig) => town.repositoryOf(rig), maxBytes),
  );
}

/** Resolves a bead. @throws UserError if none or several match */
function beadNamed(store: BeadStore, id: string): Bead {
  return store.get(store.resolve(id)) as Bead;
}

function beadPage(town: BoardTown, why: WhyNots, bead: Bead): BeadPageInfo {
  const { store } = town;
  const events = store.events(bead.id, EVENTS);
  const work = workOf(bead);
  return {
    bead: beadDetails(store, bead.id),
    events,
    sessions: workSessions(events),
    usage: usageByAgent(bead, town.prices()),
    merges: requestsIn(store)
      .of(bead.id)
      .flatMap((request) => mergeInfo(town, request)),
    reviews: work.reviews.map(reviewNote),
    why: [...why.of(bead), ...why.hints(bead)],
    feedback: work.feedback,
    problem: work.problem,
  };
}

function mergeInfo(town: BoardTown, request: Bead): MergeInfo[] {
  const merge = mergeOf(request);
  if (!merge) return [];
  return [
    {
      id: request.id,
      status: request.status,
      branch: merge.branch,
      commit: merge.commit,
      worker: merge.worker,
      createdAt: request.created_at,
      closedAt: request.closed_at,
      reason: request.close_reason,
      retries: merge.retries,
      reviewers: reviewerInfos(isClosed(request.status) ? 'off' : town.reviewSetting(merge.rig), merge.review)
        .reviewers,
      comments: (request.comments ?? []).map(({ author, text, created_at }) => ({ author, text, at: created_at })),
      events: town.store.events(request.id, MERGE_EVENTS),
    },
  ];
}
