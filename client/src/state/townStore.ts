import { Disposable, Emitter } from '../../../server/src/base/lifecycle';
import type { BoardList } from '../../../server/src/protocol/board';
import {
  collectionNames,
  type AgentInfo,
  type AttentionInfo,
  type BeadInfo,
  type CollectionName,
  type ConvoyInfo,
  type RigInfo,
  type TownCollections,
  type TownDelta,
  type TownInfo,
  type TownSnapshot,
} from '../../../server/src/protocol/town';
import { Collection } from './collection';

/** Which collections a change touched. */
export type StoreChange = ReadonlySet<CollectionName>;

/** The state of the town for everything in this window: one snapshot, then deltas with a rising revision. */
export class TownStore extends Disposable {
  readonly towns = this._register(new Collection<TownInfo>());
  readonly rigs = this._register(new Collection<RigInfo>());
  readonly agents = this._register(new Collection<AgentInfo>());
  readonly convoys = this._register(new Collection<ConvoyInfo>());
  readonly beads = this._register(new Collection<BeadInfo>());
  readonly attention = this._register(new Collection<AttentionInfo>());
  /** Lists of beads that this window watches; their beads are in `beads`. */
  readonly lists = this._register(new Collection<BoardList>());
  private readonly changeEmitter = this._register(new Emitter<StoreChange>());
  /** Fires after every change, once it has been applied completely. */
  readonly onDidChange = this.changeEmitter.event;
  private currentRevision = 0;

  private readonly collections: { [N in CollectionName]: Collection<TownCollections[N]> } = {
    town: this.towns,
    rigs: this.rigs,
    agents: this.agents,
    convoys: this.convoys,
    beads: this.beads,
    attention: this.attention,
    lists: this.lists,
  };

  /** 0 until there is a snapshot. */
  get revision(): number {
    return this.currentRevision;
  }

  get hasSnapshot(): boolean {
    return this.currentRevision > 0;
  }

  get town(): TownInfo | undefined {
    return this.towns.get('town');
  }

  reset(snapshot: TownSnapshot): void {
    this.currentRevision = snapshot.revision;
    for (const name of collectionNames) this.replace(name, snapshot);
    for (const name of collectionNames) this.collections[name].fire({ reset: true, changed: new Set() });
    this.changeEmitter.fire(new Set(collectionNames));
  }

  /** Drops everything, because the window shows another town or none. */
  clear(): void {
    if (!this.hasSnapshot) return;
    this.reset({ revision: 0, town: [], rigs: [], agents: [], convoys: [], beads: [], attention: [], lists: [] });
  }

  /** `gap`: the delta does not start at the current revision, so a snapshot is needed. */
  apply(delta: TownDelta): 'applied' | 'old' | 'gap' {
    if (delta.to <= this.currentRevision) return 'old';
    if (delta.from !== this.currentRevision) return 'gap';
    const touched = new Map<CollectionName, ReadonlySet<string>>();
    for (const name of collectionNames) {
      const ids = this.change(name, delta);
      if (ids) touched.set(name, ids);
    }
    this.currentRevision = delta.to;
    for (const [name, changed] of touched) this.collections[name].fire({ reset: false, changed });
    this.changeEmitter.fire(new Set(touched.keys()));
    return 'applied';
  }

  private replace<N extends CollectionName>(name: N, snapshot: { [K in CollectionName]: TownCollections[K][] }): void {
    this.collections[name].replace(snapshot[name]);
  }

  private change<N extends CollectionName>(name: N, delta: TownDelta): ReadonlySet<string> | undefined {
    const change: { upsert: TownCollections[N][]; remove: string[] } | undefined = delta.changes[name];
    return change && this.collections[name].change(change.upsert, change.remove);
  }
}
