import type { Step } from './model';
import { allSteps } from './steps';

/** One edge of a cycle: `from` waits for `to`. */
export interface CycleEdge {
  from: Step;
  to: Step;
  /** `from` needs `to`, `to` is a child of `from` and finishes first, or `to` holds `from` and starts first. */
  kind: 'needs' | 'child' | 'parent';
}

interface Edge {
  node: number;
  kind: CycleEdge['kind'] | 'own';
}

/**
 * Finds a cycle of steps that wait for each other. A step with children ends when they have ended, and they start after
 * what it needs. Linear in steps and needs: each step is two nodes, its start (2i) and its end (2i + 1).
 * @returns the edges along the cycle, or undefined if there is none
 */
export function findCycle(steps: readonly Step[]): CycleEdge[] | undefined {
  const all = allSteps(steps);
  const edges = edgesOf(all);
  const [unseen, open, done] = [0, 1, 2];
  const state = new Uint8Array(all.length * 2);
  for (let start = 0; start < state.length; start++) {
    if (state[start] !== unseen) continue;
    // Depth first with an explicit stack: a chain may be longer than the call stack.
    const path: { node: number; next: number; kind: Edge['kind'] }[] = [{ node: start, next: 0, kind: 'own' }];
    state[start] = open;
    while (path.length > 0) {
      const top = path.at(-1)!;
      const edge = edges[top.node]![top.next++];
      if (!edge) {
        state[top.node] = done;
        path.pop();
      } else if (state[edge.node] === open) {
        const first = path.findIndex(({ node }) => node === edge.node);
        return cycleEdges(all, [...path.slice(first), { node: edge.node, kind: edge.kind }]);
      } else if (state[edge.node] === unseen) {
        state[edge.node] = open;
        path.push({ node: edge.node, next: 0, kind: edge.kind });
      }
    }
  }
  return undefined;
}

/** Maximum number of steps of a cycle that a message names. */
const MAX_SHOWN = 20;

/** `a → b → a`; the middle of a very long cycle is left out. */
export function formatCycle(cycle: readonly CycleEdge[]): string {
  const ids = [cycle[0]!.from, ...cycle.map(({ to }) => to)].map(({ id }) => id);
  const shown = ids.length > MAX_SHOWN ? [...ids.slice(0, MAX_SHOWN - 1), '…', ids.at(-1)] : ids;
  return shown.join(' → ');
}

function edgesOf(all: readonly Step[]): Edge[][] {
  const byStep = new Map(all.map((step, index) => [step, index]));
  const byId = new Map([...all].reverse().map((step) => [step.id, byStep.get(step)!]));
  const edges: Edge[][] = Array.from({ length: all.length * 2 }, () => []);
  all.forEach((step, index) => {
    edges[2 * index + 1]!.push({ node: 2 * index, kind: 'own' });
    for (const id of step.needs) {
      const need = byId.get(id);
      if (need !== undefined) edges[2 * index]!.push({ node: 2 * need + 1, kind: 'needs' });
    }
    for (const child of step.children) {
      const inner = byStep.get(child)!;
      edges[2 * index + 1]!.push({ node: 2 * inner + 1, kind: 'child' });
      edges[2 * inner]!.push({ node: 2 * index, kind: 'parent' });
    }
  });
  return edges;
}

/** Without the edges from the end of a step to its own start. */
function cycleEdges(all: readonly Step[], path: readonly { node: number; kind: Edge['kind'] }[]): CycleEdge[] {
  return path.slice(1).flatMap(({ node, kind }, index) => {
    const from = all[path[index]!.node >> 1]!;
    return kind === 'own' ? [] : [{ from, to: all[node >> 1]!, kind }];
  });
}
