import type { BeadStore } from '../../beads/store';
import { attachedTo, MOLECULE, moleculeAbove } from '../../beads/model/molecule';
import { isStep } from '../../engine/molecules/molecules';
import type { Projection } from '../../engine/state/projection';
import { CONVOY, MERGE_REQUEST, mergeOf, slingableTypes } from '../../engine/state/work';
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
} from '../../protocol/town';
import { EntityCollection, type CollectionChange } from './entityCollection';

/** What the model asks for anew with each update: small, whatever the ledgers hold. */
export interface SnapshotSources {
  store: BeadStore;
  projection: Projection;
  town(): TownInfo;
  rigs(): RigInfo[];
  agents(): AgentInfo[];
  attention(): AttentionInfo[];
}

/** Open beads of each rig that windows show besides those of convoys. */
const BACKLOG_LIMIT = 100;
/** Convoys that landed last. */
const CLOSED_CONVOYS = 20;
/** More changes than this are not looked at one by one. */
const MAX_DIRTY = 2_000;
const IN_PROGRESS = ['hooked', 'in_progress', 'in_review', 'failed'];
/** Records of the town that are shown as something else, or not at all. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['merge_request', 'convoy', 'escalation', 'message', 'molecule']);

/**
 * What windows show of a town, kept: beads and convoys are worked out anew where a change touched them, the small
 * collections with each update. Revisions rise by one with each change.
 */
export class SnapshotModel {
  private revision = 1;
  private readonly collections: { [N in CollectionName]: EntityCollection<TownCollections[N]> } = {
    town: new EntityCollection(),
    rigs: new EntityCollection(),
    agents: new EntityCollection(),
    convoys: new EntityCollection(),
    beads: new EntityCollection(),
    attention: new EntityCollection(),
  };
  private dirty = new Set<string>();
  private everythingIsDirty = true;

  constructor(private readonly sources: SnapshotSources) {}

  /** These beads have changed. */
  changed(ids: readonly string[]): void {
    for (const id of ids) this.dirty.add(id);
    if (this.dirty.size > MAX_DIRTY) this.markAll();
  }

  /** Something that beads are shown by has changed, such as a rig. */
  markAll(): void {
    this.everythingIsDirty = true;
    this.dirty.clear();
  }

  /** Brings the model up to date. @returns what is new in it; undefined where nothing has changed */
  update(): TownDelta | undefined {
    const { sources, collections } = this;
    const dirty = this.everythingIsDirty ? undefined : this.withNeighbours();
    this.everythingIsDirty = false;
    this.dirty = new Set();
    const changes: { [N in CollectionName]: CollectionChange<TownCollections[N]> } = {
      town: collections.town.replace([sources.town()]),
      rigs: collections.rigs.replace(sources.rigs()),
      agents: collections.agents.replace(sources.agents()),
      convoys: this.updateConvoys(dirty),
      beads: this.updateBeads(dirty),
      attention: collections.attention.replace(sources.attention()),
    };
    const changed = collectionNames.filter((name) => changes[name].upsert.length + changes[name].remove.length > 0);
    if (changed.length === 0) return undefined;
    this.revision += 1;
    return {
      from: this.revision - 1,
      to: this.revision,
      changes: Object.fromEntries(changed.map((name) => [name, changes[name]])),
    };
  }

  snapshot(): TownSnapshot {
    const { town, rigs, agents, convoys, beads, attention } = this.collections;
    return {
      revision: this.revision,
      town: town.items(),
      rigs: rigs.items(),
      agents: agents.items(),
      convoys: convoys.items().sort((a, b) => b.createdAt.localeCompare(a.createdAt)),
      beads: beads.items(),
      attention: attention.items(),
    };
  }

  // ---------------------------------------------------------------- convoys and beads

  private updateConvoys(dirty: ReadonlySet<string> | undefined): CollectionChange<ConvoyInfo> {
    const { store, projection } = this.sources;
    const convoys = this.collections.convoys;
    const shown = [...store.list({ type: [CONVOY], limit: 0 }), ...store.lastClosed(CONVOY, CLOSED_CONVOYS)];
    const ids = new Set(shown.map(({ id }) => id));
    const items = shown.filter(({ id }) => !dirty || dirty.has(id) || !convoys.has(id));
    return convoys.apply(
      items.map((convoy) => projection.convoyInfo(convoy)),
      (id) => ids.has(id),
    );
  }

  private updateBeads(dirty: ReadonlySet<string> | undefined): CollectionChange<BeadInfo> {
    const { store, projection } = this.sources;
    const beads = this.collections.beads;
    const shown = this.shownBeads();
    const reader = projection.reader();
    // Those that are in review, or wait for a time, change without a change of theirs.
    const moves = (id: string): boolean => {
      const bead = store.get(id);
      return bead?.status === 'in_review' || bead?.defer_until !== undefined;
    };
    const items = [...shown].filter((id) => !dirty || dirty.has(id) || !beads.has(id) || moves(id));
    return beads.apply(
      items.map((id) => reader.beadInfo(store.get(id)!)),
      (id) => shown.has(id),
    );
  }

  private shownBeads(): Set<string> {
    const { store } = this.sources;
    const ids = new Set(this.collections.convoys.items().flatMap((convoy) => convoy.beads));
    for (const bead of store.list({ status: IN_PROGRESS, limit: 0 })) ids.add(bead.id);
    for (const rig of this.collections.rigs.ids())
      for (const bead of store.backlog(rig, [...slingableTypes], BACKLOG_LIMIT)) ids.add(bead.id);
    for (const id of ids) {
      const bead = store.get(id);
      if (!bead || NOT_SHOWN.has(bead.issue_type) || isStep(store, bead)) ids.delete(id);
    }
    return ids;
  }

  /** The beads that changed and those that are shown otherwise for it. */
  private withNeighbours(): Set<string> {
    const { store } = this.sources;
    const found = new Set<string>();
    // By what is shown so far: the bead itself may have lost the edge by which it was named.
    for (const info of this.collections.beads.items())
      if ([...info.convoys, ...info.blockedBy].some((id) => this.dirty.has(id))) found.add(info.id);
    for (const id of this.dirty) {
      found.add(id);
      const bead = store.get(id);
      if (!bead) continue;
      for (const edge of bead.dependencies ?? []) found.add(edge.depends_on_id);
      for (const dependent of store.dependents(id)) this.addWithChildren(dependent.id, found);
      this.addWithChildren(id, found);
      const source = bead.issue_type === MERGE_REQUEST ? mergeOf(bead)?.source : undefined;
      if (source !== undefined) found.add(source);
      const molecule = bead.issue_type === MOLECULE ? bead : moleculeAbove(store, bead);
      const owner = molecule && attachedTo(molecule);
      if (owner !== undefined) found.add(owner);
    }
    return found;
  }

  /** What waits because its parent waits is shown with the parent's reason. */
  private addWithChildren(id: string, found: Set<string>): void {
    found.add(id);
    for (const child of this.sources.store.children(id, true)) found.add(child.id);
  }
}
