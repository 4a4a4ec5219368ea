import type { Step } from './model';

/**
 * What must come before what, children and containers included: a container is over when its children are, and its
 * children wait for what it waits for.
 */
function before(steps: readonly Step[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (step: Step, inherited: readonly string[]): void => {
    const needs = [...inherited, ...step.needs];
    found.set(step.id, [...needs, ...step.children.map((child) => child.id)]);
    for (const child of step.children) visit(child, needs);
  };
  for (const step of steps) visit(step, []);
  return found;
}

/** Ids along a circle of steps that wait for each other, the first again at the end. */
export function cycleIn(steps: readonly Step[]): string[] | undefined {
  const edges = before(steps);
  const done = new Set<string>();
  for (const start of edges.keys()) {
    // Depth first with a stack of our own: a chain may be longer than the call stack.
    const path: { id: string; next: number }[] = [{ id: start, next: 0 }];
    const onPath = new Set([start]);
    while (!done.has(start) && path.length > 0) {
      const top = path.at(-1)!;
      const target = edges.get(top.id)?.[top.next++];
      if (target === undefined) {
        done.add(top.id);
        onPath.delete(top.id);
        path.pop();
      } else if (onPath.has(target)) {
        const ids = path.map(({ id }) => id);
        return [...ids.slice(ids.indexOf(target)), target];
      } else if (edges.has(target) && !done.has(target)) {
        onPath.add(target);
        path.push({ id: target, next: 0 });
      }
    }
  }
  return undefined;
}

/** Ids so that whatever comes first stands first; among equals the given order holds. Circles are broken anywhere. */
export function inOrder(ids: readonly string[], needs: (id: string) => readonly string[]): string[] {
  const known = new Set(ids);
  const placed = new Set<string>();
  const started = new Set<string>();
  for (const start of ids) {
    const stack = [start];
    while (stack.length > 0) {
      const id = stack.at(-1)!;
      const waits = started.has(id)
        ? []
        : needs(id).filter((need) => known.has(need) && !placed.has(need) && !started.has(need));
      started.add(id);
      if (waits.length > 0) {
        stack.push(...[...waits].reverse());
        continue;
      }
      stack.pop();
      placed.add(id);
    }
  }
  return [...placed];
}

/** In which wave each comes at the earliest: 1 for what waits for nothing. What waits for itself is put in anywhere. */
export function waves(ids: readonly string[], needs: (id: string) => readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const id of inOrder(ids, needs))
    found.set(id, 1 + Math.max(0, ...needs(id).map((need) => found.get(need) ?? 0)));
  return found;
}
