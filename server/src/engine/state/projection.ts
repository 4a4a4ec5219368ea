import { featureInfo } from '../convoys/featureInfo';
import type { BeadStore, Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { BoardState } from '../../protocol/board';
import type { BeadInfo, BeadPhase, ConvoyInfo, ReviewSetting } from '../../protocol/town';
import { requestsIn } from '../mergeQueue/requestIndex';
import { stepOf } from '../molecules/molecules';
import type { WhyNots } from '../explain/whyNot';
import { CONVOY, convoyOf, isClosed, isOwned, mergeOf, trackedIds, workOf } from './work';

/** Derives the displayed state of beads: phases, progress, dependencies. Stateless. */
export class Projection {
  /**
   * @param reviewSetting reviewers of changes of a rig
   * @param whyNots current reasons why beads wait
   */
  constructor(
    private readonly store: BeadStore,
    private readonly reviewSetting: (rig: string) => ReviewSetting,
    private readonly whyNots: () => WhyNots,
  ) {}

  beadInfos(beads: readonly Bead[]): BeadInfo[] {
    const reader = this.reader();
    return beads.map((bead) => reader.beadInfo(bead));
  }

  /** Creates a reader for many beads of one moment. */
  reader(why: WhyNots = this.whyNots()): BeadInfoReader {
    return new BeadInfoReader(this.store, this.reviewSetting, why);
  }

  convoyInfo(convoy: Bead): ConvoyInfo {
    return convoyInfo(this.store, convoy);
  }

  /** Open and recently closed convoys, newest first. */
  convoys(closedLimit = 20): ConvoyInfo[] {
    return [...this.store.list({ type: [CONVOY], limit: 0 }), ...this.store.lastClosed(CONVOY, closedLimit)]
      .sort((a, b) => b.created_at.localeCompare(a.created_at))
      .map((bead) => convoyInfo(this.store, bead));
  }
}

/** Reads beads for display. Shared facts are looked up once: create one per snapshot. */
export class BeadInfoReader {
  private requests: ReadonlyMap<string, Bead> | undefined;

  constructor(
    private readonly store: BeadStore,
    private readonly reviewSetting: (rig: string) => ReviewSetting,
    private readonly why: WhyNots,
  ) {}

  beadInfo(bead: Bead): BeadInfo {
    const work = workOf(bead);
    const progress =
      this.store.board.progress(bead.id) ?? (bead.issue_type === 'epic' ? { done: 0, total: 0 } : undefined);
    const blockedBy = isClosed(bead.status) ? [] : this.store.blockerIds(bead.id);
    return {
      id: bead.id,
      title: bead.title,
      type: bead.issue_type,
      status: bead.status,
      priority: bead.priority,
      phase: this.phase(bead, blockedBy.length > 0),
      state: this.state(bead.id),
      why: this.why.of(bead),
      rig: this.store.ledgerOf(bead.id),
      assignee: bead.assignee,
      blockedBy,
      attempt: work.attempt,
      problem: isClosed(bead.status) ? undefined : work.problem,
      convoys: this.store.dependents(bead.id, 'tracks').map((convoy) => convoy.id),
      step: stepOf(this.store, bead),
      ...(progress ? { progress } : {}),
    };
  }

  private state(id: string): BoardState {
    const state = this.store.board.state(id) ?? 'closed';
    return state === 'ready' && this.why.held.has(id) ? 'blocked' : state;
  }

  private phase(bead: Bead, blocked: boolean): BeadPhase {
    switch (bead.status) {
      case 'closed':
        return workOf(bead).merged ? 'merged' : 'closed';
      case 'tombstone':
        return 'closed';
      case 'failed':
        return 'failed';
      case 'deferred':
        return 'deferred';
      case 'hooked':
      case 'in_progress':
        return 'working';
      case 'in_review':
        return this.queuePhase(bead.id);
      default:
        return blocked ? 'waiting' : this.store.deferringBead(bead.id, this.why.now) ? 'deferred' : 'ready';
    }
  }

  private queuePhase(bead: string): BeadPhase {
    const entry = this.openRequests().get(bead);
    const request = entry && mergeOf(entry);
    if (entry?.status === 'in_progress') return 'merging';
    return request && this.reviewSetting(request.rig) !== 'off' && request.review?.state !== 'approved'
      ? 'reviewing'
      : 'queued';
  }

  /** Merge requests that wait or are being merged, by bead. */
  private openRequests(): ReadonlyMap<string, Bead> {
    this.requests ??= new Map(
      requestsIn(this.store)
        .waiting()
        .flatMap((request) => {
          const source = mergeOf(request)?.source;
          return source === undefined ? [] : [[source, request] as const];
        }),
    );
    return this.requests;
  }
}

/** @param reader a transaction, if the convoy was changed in it */
export function convoyInfo(store: BeadStore, convoy: Bead, reader: Pick<Transaction, 'get'> = store): ConvoyInfo {
  const ids = trackedIds(convoy);
  const tracked = ids.flatMap((id) => reader.get(id) ?? []);
  const details = convoyOf(convoy);
  return {
    id: convoy.id,
    title: convoy.title,
    status: convoy.status as ConvoyInfo['status'],
    beads: ids,
    done: tracked.filter((bead) => isClosed(bead.status)).length,
    total: ids.length,
    createdAt: convoy.created_at,
    launchedAt: details.launched_at,
    ...(details.paused ? { paused: true } : {}),
    ...(isOwned(convoy) ? { owned: true } : {}),
    ...(details.feature ? { feature: featureInfo(store, convoy) } : {}),
    ...(details.cancelled === undefined ? {} : { cancelled: details.cancelled }),
    landedAt: convoy.closed_at,
  };
}
