import type { BeadStore } from '../../beads/store';
import type { WhyNots } from '../../engine/explain/whyNot';
import { isStep } from '../../engine/molecules/molecules';
import type { Projection } from '../../engine/state/projection';
import { CONVOY, slingableTypes } from '../../engine/state/work';
import type { AgentInfo, AttentionInfo, BeadInfo, ConvoyInfo, RigInfo, TownInfo, TownDelta } from '../../protocol/town';
import type { BoardMoment } from './boardSource';
import { ChangedBeads } from './changedBeads';
import { EntityCollection, type CollectionChange } from './entityCollection';

/** Data that the model queries with each update; its size does not depend on the ledgers. */
export interface SnapshotSources {
  store: BeadStore;
  projection: Projection;
  whyNots(): WhyNots;
  town(): TownInfo;
  rigs(): RigInfo[];
  agents(): AgentInfo[];
  attention(): AttentionInfo[];
}

/** Changes since the last update, shared by all windows. */
export interface ModelChange {
  /** Changes of the small collections. */
  common: Omit<TownDelta['changes'], 'beads' | 'lists'>;
  /** New or changed beads. */
  beads: ReadonlySet<string>;
  /** The previous overview. */
  overviewBefore: ReadonlySet<string>;
}

/** Maximum number of open beads of each rig in the overview, besides those of convoys. */
const BACKLOG_LIMIT = 100;
/** Number of recently landed convoys in the overview. */
const CLOSED_CONVOYS = 20;
const IN_PROGRESS = ['hooked', 'in_progress', 'in_review', 'failed'];
/** Records of the town that are shown in another form, or not at all. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['merge_request', 'convoy', 'escalation', 'message', 'molecule']);

/**
 * The displayed state of a town: beads and convoys are recomputed only if a change affects them, the small collections
 * with each update.
 */
export class SnapshotModel {
  private readonly town = new EntityCollection<TownInfo>();
  private readonly rigs = new EntityCollection<RigInfo>();
  private readonly agents = new EntityCollection<AgentInfo>();
  private readonly convoys = new EntityCollection<ConvoyInfo>();
  private readonly attention = new EntityCollection<AttentionInfo>();
  /** Each bead that any window shows, once. */
  private readonly beads = new EntityCollection<BeadInfo>();
  /** Beads that every window gets: those of convoys, in progress, and the first open ones. */
  private overview: ReadonlySet<string> = new Set();
  private readonly changed: ChangedBeads;
  private whyNots: WhyNots | undefined;

  constructor(private readonly sources: SnapshotSources) {
    this.changed = new ChangedBeads(sources.store);
  }

  /** Records changes of beads. */
  beadsChanged(ids: readonly string[]): void {
    this.changed.add(ids);
  }

  /** Records beads whose state, step or place may have changed; undefined: all. */
  statesRecomputed(ids: ReadonlySet<string> | undefined): void {
    this.changed.addRecomputed(ids);
  }

  /** Records a change that affects all beads. */
  everythingChanged(): void {
    this.changed.addAll();
  }

  /** Whether changes were recorded since the last moment. */
  get hasChanges(): boolean {
    return !this.changed.isEmpty;
  }

  /** Reads the current state of the changed beads. Lists are updated with it, then `update` is called. */
  nextMoment(): BoardMoment {
    this.sources.store.board.refresh();
    this.whyNots = this.sources.whyNots();
    const changed = this.changed.take(this.beads.values(), this.why.held);
    return this.momentOf(changed);
  }

  /** The beads as they were at the last moment, for a new list. */
  lastMoment(): BoardMoment {
    return this.momentOf(undefined);
  }

  private get why(): WhyNots {
    return (this.whyNots ??= this.sources.whyNots());
  }

  private momentOf(changed: ReadonlySet<string> | undefined): BoardMoment {
    const { board } = this.sources.store;
    const held = new Set(this.why.held.keys());
    return {
      changed,
      rows: changed && changed.size > 0 ? board.rows(changed) : [],
      held,
      heldRows: held.size === 0 ? [] : board.rows(held).filter(({ state }) => state === 'ready'),
    };
  }

  /** @param listed ids of the beads in lists of windows */
  update({ changed }: BoardMoment, listed: Iterable<string>): ModelChange {
    const { sources } = this;
    const overviewBefore = this.overview;
    const common = {
      town: this.town.replace([sources.town()]),
      rigs: this.rigs.replace(sources.rigs()),
      agents: this.agents.replace(sources.agents()),
      convoys: this.updateConvoys(changed),
      attention: this.attention.replace(sources.attention()),
    };
    this.overview = this.overviewBeads();
    return {
      common: withoutEmpty(common),
      beads: this.updateBeads(changed, listed, overviewBefore),
      overviewBefore,
    };
  }

  /** Adds the beads of a new list. */
  show(listed: Iterable<string>): void {
    const reader = this.sources.projection.reader(this.why);
    for (const id of listed) if (!this.beads.has(id)) this.beads.put(this.info(reader, id));
  }

  bead(id: string): BeadInfo | undefined {
    return this.beads.get(id);
  }

  overviewIds(): ReadonlySet<string> {
    return this.overview;
  }

  /** The collections of every window, apart from beads. */
  collections() {
    return {
      town: this.town.items(),
      rigs: this.rigs.items(),
      agents: this.agents.items(),
      convoys: this.convoys.items().sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
      attention: this.attention.items(),
    };
  }

  /** Milliseconds since 1970 at which something changes only with time; undefined for never. */
  nextChange(): number | undefined {
    const times = [this.sources.store.board.nextDue(), this.why.nextEnd].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  // ---------------------------------------------------------------- convoys and beads

  private updateConvoys(changed: ReadonlySet<string> | undefined): CollectionChange<ConvoyInfo> {
    const { store, projection } = this.sources;
    const shown = [...store.list({ type: [CONVOY], limit: 0 }), ...store.lastClosed(CONVOY, CLOSED_CONVOYS)];
    const ids = new Set(shown.map(({ id }) => id));
    const items = shown.filter(({ id }) => !changed || changed.has(id) || !this.convoys.has(id));
    return this.convoys.apply(
      items.map((convoy) => projection.convoyInfo(convoy)),
      (id) => ids.has(id),
    );
  }

  private updateBeads(
    changed: ReadonlySet<string> | undefined,
    listed: Iterable<string>,
    overviewBefore: ReadonlySet<string>,
  ): ReadonlySet<string> {
    const { store, projection } = this.sources;
    const { beads, overview } = this;
    const shown = new Set([...overview, ...listed]);
    const reader = projection.reader(this.why);
    // Beads that are in review, or wait for a time, may change without an update.
    const moves = (id: string): boolean => {
      const bead = store.get(id);
      return bead?.status === 'in_review' || bead?.defer_until !== undefined;
    };
    const stale = [...shown].filter(
      (id) => !changed || changed.has(id) || !beads.has(id) || overview.has(id) !== overviewBefore.has(id) || moves(id),
    );
    const { upsert } = beads.apply(
      stale.map((id) => this.info(reader, id)),
      (id) => shown.has(id),
    );
    return new Set(upsert.map(({ id }) => id));
  }

  private info(reader: ReturnType<Projection['reader']>, id: string): BeadInfo {
    const info = reader.beadInfo(this.sources.store.get(id)!);
    return this.overview.has(id) ? info : { ...info, listedOnly: true };
  }

  private overviewBeads(): Set<string> {
    const { store } = this.sources;
    const ids = new Set(this.convoys.items().flatMap((convoy) => convoy.beads));
    for (const bead of store.list({ status: IN_PROGRESS, limit: 0 })) ids.add(bead.id);
    for (const rig of this.rigs.ids())
      for (const bead of store.backlog(rig, [...slingableTypes], BACKLOG_LIMIT)) ids.add(bead.id);
    for (const id of ids) {
      const bead = store.get(id);
      if (!bead || NOT_SHOWN.has(bead.issue_type) || isStep(store, bead)) ids.delete(id);
    }
    return ids;
  }
}

/** The changes without empty collections. */
function withoutEmpty(changes: ModelChange['common']): ModelChange['common'] {
  return Object.fromEntries(
    Object.entries(changes).filter(([, { upsert, remove }]) => upsert.length + remove.length > 0),
  );
}
