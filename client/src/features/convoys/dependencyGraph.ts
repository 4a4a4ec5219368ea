/** A dependency: `[bead, bead that it depends on]`. */
export type DependencyEdge = readonly [string, string];

/** The dependencies between beads, to refuse cycles before they are created. */
export class DependencyGraph {
  private readonly dependsOn = new Map<string, Set<string>>();

  constructor(edges: Iterable<DependencyEdge> = []) {
    for (const [from, to] of edges) this.add(from, to);
  }

  add(from: string, to: string): void {
    const known = this.dependsOn.get(from);
    if (known) known.add(to);
    else this.dependsOn.set(from, new Set([to]));
  }

  has(from: string, to: string): boolean {
    return this.dependsOn.get(from)?.has(to) ?? false;
  }

  /** Whether `from` depends on `to`, directly or through others. */
  reaches(from: string, to: string): boolean {
    const seen = new Set([from]);
    // Iterating over a growing set visits each bead once.
    for (const at of seen) {
      const next = this.dependsOn.get(at) ?? new Set<string>();
      if (next.has(to)) return true;
      for (const id of next) seen.add(id);
    }
    return false;
  }
}
