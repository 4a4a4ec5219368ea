/** The dependents of each bead: the reverse of the dependencies that beads store. */
export class ReverseEdges {
  private readonly dependents = new Map<string, Set<string>>();
  /** Targets by bead, to remove them when it changes. */
  private readonly targets = new Map<string, readonly string[]>();

  /** @param targets ids that its dependencies name, each once */
  set(id: string, targets: readonly string[]): void {
    for (const target of this.targets.get(id) ?? []) this.remove(target, id);
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

  /** All targets of dependencies, whether they exist or not. */
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
