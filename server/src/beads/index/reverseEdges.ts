import type { Bead } from '../../protocol/bead';

/** Which beads have a dependency on a bead: the other direction of what each bead says itself. */
export class ReverseEdges {
  private readonly dependents = new Map<string, Set<string>>();
  /** By bead: its targets, to take them back when it changes. */
  private readonly targets = new Map<string, readonly string[]>();

  set(id: string, bead: Bead | undefined): void {
    for (const target of this.targets.get(id) ?? []) this.remove(target, id);
    const targets = targetsOf(bead);
    if (targets.length === 0) {
      this.targets.delete(id);
      return;
    }
    this.targets.set(id, targets);
    for (const target of targets) {
      const known = this.dependents.get(target);
      if (known) known.add(id);
      else this.dependents.set(target, new Set([id]));
    }
  }

  /** Ids of the beads with a dependency on this one. */
  of(target: string): Iterable<string> {
    return this.dependents.get(target) ?? [];
  }

  /** Beads that somebody depends on, whether they exist or not. */
  allTargets(): Iterable<string> {
    return this.dependents.keys();
  }

  clear(): void {
    this.dependents.clear();
    this.targets.clear();
  }

  private remove(target: string, id: string): void {
    const known = this.dependents.get(target);
    known?.delete(id);
    if (known?.size === 0) this.dependents.delete(target);
  }
}

function targetsOf(bead: Bead | undefined): string[] {
  const edges = bead?.dependencies ?? [];
  return edges.length === 0 ? [] : [...new Set(edges.map((edge) => edge.depends_on_id))];
}
