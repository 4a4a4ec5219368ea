/** Orderings of items that wait for each other. All are iterative and linear in nodes and edges. */

/** The nodes that a node waits for. Ids outside the graph, and a node's own id, do not count. */
export type Needs = (id: string) => readonly string[];

export interface Waves {
  /** Each wave needs only the waves before it; within a wave the given order is kept. */
  waves: string[][];
  /** Ids on a cycle, or waiting for one: they are in no wave. */
  cyclic: string[];
}

/** Sorts ids into waves of what can run at the same time (Kahn's algorithm). */
export function wavesOf(ids: readonly string[], needs: Needs): Waves {
  const waiting = new Map<string, number>(ids.map((id) => [id, 0]));
  const dependents = new Map<string, string[]>();
  for (const id of waiting.keys()) {
    for (const need of new Set(needs(id))) {
      if (need === id || !waiting.has(need)) continue;
      waiting.set(id, waiting.get(id)! + 1);
      const list = dependents.get(need);
      if (list) list.push(id);
      else dependents.set(need, [id]);
    }
  }
  const order = new Map([...waiting.keys()].map((id, index) => [id, index]));
  const waves: string[][] = [];
  let wave = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  while (wave.length > 0) {
    waves.push(wave);
    const next: string[] = [];
    for (const id of wave) {
      waiting.delete(id);
      for (const dependent of dependents.get(id) ?? []) {
        const left = waiting.get(dependent)! - 1;
        waiting.set(dependent, left);
        if (left === 0) next.push(dependent);
      }
    }
    wave = next.sort((a, b) => order.get(a)! - order.get(b)!);
  }
  return { waves, cyclic: [...waiting.keys()] };
}

/**
 * Ids so that each comes after what it needs; otherwise the given order is kept. Cycles are broken at an arbitrary
 * place.
 */
export function topologicalOrder(ids: readonly string[], needs: Needs): string[] {
  const known = new Set(ids);
  const placed = new Set<string>();
  const started = new Set<string>();
  for (const start of ids) {
    // Depth first with an explicit stack: a chain may be longer than the call stack.
    const stack = [start];
    while (stack.length > 0) {
      const id = stack.at(-1)!;
      const open = started.has(id)
        ? []
        : needs(id).filter((need) => known.has(need) && !placed.has(need) && !started.has(need));
      started.add(id);
      if (open.length > 0) {
        for (const need of open.reverse()) stack.push(need);
        continue;
      }
      stack.pop();
      placed.add(id);
    }
  }
  return [...placed];
}
