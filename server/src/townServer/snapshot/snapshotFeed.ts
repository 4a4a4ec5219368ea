import { UserError } from '../../base/errors';
import type { BoardList, BoardQuery } from '../../protocol/board';
import type { TownDelta, TownSnapshot } from '../../protocol/town';
import { BoardLists, SharedLists } from './boardLists';
import type { CollectionChange } from './entityCollection';
import { SnapshotModel, type ModelChange, type SnapshotSources } from './snapshotModel';

/** Milliseconds for which a snapshot is shared with later connections. */
const SHARED_MS = 40;

/** A connection that is subscribed to the town. */
interface Subscription {
  /** Revision of the connection's state. */
  revision: number;
  /** The lists that the connection watches. */
  lists: BoardLists;
  /** Ids of the beads in these lists. */
  listed: ReadonlySet<string>;
}

/** A delta for one connection. */
export interface ConnectionDelta {
  connection: string;
  delta: TownDelta;
}

/**
 * Tracks the state of each connection: the same overview for all, and its own lists. The revision is increased by one
 * if anything changed for any connection; a connection only gets a delta if it is affected, starting at its own
 * revision.
 */
export class SnapshotFeed {
  readonly model: SnapshotModel;
  /** Each list once, for all windows that watch it. */
  private readonly shared: SharedLists;
  private revision = 1;
  /** Milliseconds since 1970; 0 if everything has to be recomputed. */
  private updatedAt = 0;
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(
    sources: SnapshotSources,
    private readonly send: (delta: ConnectionDelta) => void,
  ) {
    this.model = new SnapshotModel(sources);
    this.shared = new SharedLists(sources.store);
  }

  get size(): number {
    return this.subscriptions.size;
  }

  has(connection: string): boolean {
    return this.subscriptions.has(connection);
  }

  remove(connection: string): void {
    this.subscriptions.delete(connection);
  }

  /** Brings everything up to date, and sends each connection its changes. */
  update(): void {
    try {
      const moment = this.model.nextMoment();
      this.shared.begin(moment);
      const changes = [...this.subscriptions].map(([connection, subscription]) => {
        const listedBefore = subscription.listed;
        const lists = subscription.lists.update(moment);
        if (!isEmpty(lists)) subscription.listed = subscription.lists.beads();
        return { connection, subscription, lists, listedBefore };
      });
      this.shared.dropUnused();
      const change = this.model.update(moment, this.listed());
      this.updatedAt = Date.now();
      const deltas = changes.flatMap(({ connection, subscription, lists, listedBefore }) => {
        const content = this.contentFor(subscription, change, lists, listedBefore);
        return Object.keys(content).length === 0 ? [] : [{ connection, subscription, content }];
      });
      if (deltas.length === 0) return;
      this.revision += 1;
      for (const { connection, subscription, content } of deltas)
        this.send({ connection, delta: this.deltaFor(subscription, content) });
    } catch (error) {
      this.startOver();
      throw error;
    }
  }

  /** The whole town, for a client without a subscription. */
  snapshot(): TownSnapshot {
    this.update();
    return { revision: this.revision, ...this.model.collections(), beads: this.beads(new Set()), lists: [] };
  }

  /**
   * Subscribes a connection, with its lists. Connections that arrive at the same time share the snapshot of the first
   * one: changes since then are in the next delta.
   */
  subscribe(connection: string, query: BoardQuery | undefined): TownSnapshot {
    // This connection gets a full snapshot: the pending delta skips it.
    this.subscriptions.delete(connection);
    if (this.model.hasChanges || Date.now() - this.updatedAt > SHARED_MS) this.update();
    const lists = new BoardLists(this.shared);
    lists.watch(query, this.model.lastMoment());
    const listed = lists.beads();
    this.model.show(listed);
    this.subscriptions.set(connection, { revision: this.revision, lists, listed });
    return {
      revision: this.revision,
      ...this.model.collections(),
      beads: this.beads(listed),
      lists: lists.items(),
    };
  }

  /**
   * Sets or replaces the lists that a connection watches.
   * @returns its changes
   * @throws UserError for a connection without a snapshot
   */
  watch(connection: string, query: BoardQuery | undefined): TownDelta {
    if (!this.subscriptions.has(connection))
      throw new UserError('there is no snapshot to add lists to', 'ask for a snapshot first', 'conflict');
    this.update();
    const subscription = this.subscriptions.get(connection)!;
    const listedBefore = subscription.listed;
    const lists = subscription.lists.watch(query, this.model.lastMoment());
    subscription.listed = subscription.lists.beads();
    this.model.show(subscription.listed);
    const nothing: ModelChange = { common: {}, beads: new Set(), overviewBefore: this.model.overviewIds() };
    const content = this.contentFor(subscription, nothing, lists, listedBefore);
    this.revision += 1;
    return this.deltaFor(subscription, content);
  }

  private deltaFor(subscription: Subscription, changes: TownDelta['changes']): TownDelta {
    const from = subscription.revision;
    subscription.revision = this.revision;
    return { from, to: this.revision, changes };
  }

  private contentFor(
    { listed }: Subscription,
    change: ModelChange,
    lists: CollectionChange<BoardList>,
    listedBefore: ReadonlySet<string>,
  ): TownDelta['changes'] {
    const beads = this.beadChange(change, listedBefore, listed);
    return {
      ...change.common,
      ...(isEmpty(beads) ? {} : { beads }),
      ...(isEmpty(lists) ? {} : { lists }),
    };
  }

  private beadChange(change: ModelChange, listedBefore: ReadonlySet<string>, listed: ReadonlySet<string>) {
    const { model } = this;
    const candidates = new Set(change.beads);
    const overview = model.overviewIds();
    for (const id of change.overviewBefore) if (!overview.has(id)) candidates.add(id);
    if (listedBefore !== listed) for (const id of [...listedBefore, ...listed]) candidates.add(id);
    const beads: NonNullable<TownDelta['changes']['beads']> = { upsert: [], remove: [] };
    for (const id of candidates) {
      const had = change.overviewBefore.has(id) || listedBefore.has(id);
      const info = overview.has(id) || listed.has(id) ? model.bead(id) : undefined;
      if (info && (!had || change.beads.has(id))) beads.upsert.push(info);
      else if (had && !info) beads.remove.push(id);
    }
    return beads;
  }

  private beads(listed: ReadonlySet<string>) {
    return [...new Set([...this.model.overviewIds(), ...listed])].flatMap((id) => this.model.bead(id) ?? []);
  }

  private *listed(): Generator<string> {
    for (const { listed } of this.subscriptions.values()) yield* listed;
  }

  /**
   * Resets after a failure, when it is unknown what was sent: each connection sees a gap in the revisions, and reloads
   * everything.
   */
  private startOver(): void {
    this.model.everythingChanged();
    this.shared.clear();
    this.updatedAt = 0;
    this.revision += 1;
    for (const subscription of this.subscriptions.values()) subscription.revision = this.revision;
  }
}

function isEmpty({ upsert, remove }: { upsert: unknown[]; remove: unknown[] }): boolean {
  return upsert.length + remove.length === 0;
}
