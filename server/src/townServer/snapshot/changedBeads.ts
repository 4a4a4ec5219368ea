import { attachedTo, MOLECULE, moleculeAbove } from '../../beads/model/molecule';
import type { BeadStore } from '../../beads/store';
import { MERGE_REQUEST, mergeOf } from '../../engine/state/work';
import type { WhyNot } from '../../protocol/board';
import type { BeadInfo } from '../../protocol/town';

/** Maximum number of changes that are handled one by one. */
const MAX_CHANGED = 2_000;

type Holds = ReadonlyMap<string, readonly WhyNot[]>;

/** Collects the beads to recompute: changed ones, and those whose display depends on them. */
export class ChangedBeads {
  private changed = new Set<string>();
  /** Beads whose state, step or place may have changed. */
  private recomputed = new Set<string>();
  private isAny = true;
  /** The engine's reasons for beads, as texts: changes are found by comparison. */
  private holds = new Map<string, string>();

  constructor(private readonly store: BeadStore) {}

  get isEmpty(): boolean {
    return !this.isAny && this.changed.size + this.recomputed.size === 0;
  }

  add(ids: Iterable<string>): void {
    for (const id of ids) this.changed.add(id);
    if (this.changed.size > MAX_CHANGED) this.addAll();
  }

  /** Adds beads with a recomputed state. @param ids undefined for all */
  addRecomputed(ids: ReadonlySet<string> | undefined): void {
    if (!ids || this.recomputed.size + ids.size > MAX_CHANGED) this.addAll();
    else for (const id of ids) this.recomputed.add(id);
  }

  /** Marks all beads, because something that affects all has changed, such as a rig. */
  addAll(): void {
    this.isAny = true;
    this.changed.clear();
    this.recomputed.clear();
  }

  /**
   * Returns and clears the changed beads; undefined: all may have changed.
   * @param shown the beads as windows have them
   */
  take(shown: Iterable<BeadInfo>, holds: Holds): ReadonlySet<string> | undefined {
    const found = this.isAny ? undefined : this.withNeighbours(shown);
    this.isAny = false;
    this.changed = new Set();
    this.recomputed = new Set();
    for (const id of this.compareHolds(holds)) found?.add(id);
    return found;
  }

  private compareHolds(holds: Holds): string[] {
    const before = this.holds;
    this.holds = new Map([...holds].map(([id, reasons]) => [id, JSON.stringify(reasons)]));
    return [
      ...[...this.holds].flatMap(([id, text]) => (before.get(id) === text ? [] : [id])),
      ...[...before.keys()].filter((id) => !this.holds.has(id)),
    ];
  }

  private withNeighbours(shown: Iterable<BeadInfo>): Set<string> {
    const { store } = this;
    const found = new Set([...this.changed, ...this.recomputed]);
    if (this.changed.size > 0)
      // From the displayed beads: the changed bead itself may have lost the edge to them.
      for (const info of shown)
        if ([...info.convoys, ...info.blockedBy].some((id) => this.changed.has(id))) found.add(info.id);
    // Beads that may wait for something else now.
    const waiting = new Set(this.changed);
    for (const id of this.recomputed)
      if (store.get(id)?.dependencies?.some(({ type }) => type === 'waits-for')) waiting.add(id);
    for (const id of this.changed) {
      for (const dependent of store.dependents(id)) waiting.add(dependent.id);
      for (const neighbour of this.neighbours(id)) found.add(neighbour);
    }
    for (const id of this.withDescendants(waiting)) found.add(id);
    return found;
  }

  private *neighbours(id: string): Generator<string> {
    const { store } = this;
    const bead = store.get(id);
    if (!bead) return;
    for (const edge of bead.dependencies ?? []) yield edge.depends_on_id;
    const source = bead.issue_type === MERGE_REQUEST ? mergeOf(bead)?.source : undefined;
    if (source !== undefined) yield source;
    const molecule = bead.issue_type === MOLECULE ? bead : moleculeAbove(store, bead);
    const owner = molecule && attachedTo(molecule);
    if (owner !== undefined) yield owner;
  }

  /** Adds descendants: a bead that waits because of its parent is shown with the parent's reason. */
  private withDescendants(roots: ReadonlySet<string>): Set<string> {
    const found = new Set(roots);
    const queue = [...roots];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const child of this.store.children(id)) {
        if (found.has(child.id)) continue;
        found.add(child.id);
        queue.push(child.id);
      }
    }
    return found;
  }
}
