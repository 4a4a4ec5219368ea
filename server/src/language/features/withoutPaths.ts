import { isPlainObject } from '../../base/objects';
import type { Path } from '../../formulas/model';

/** Paths as a tree, by their parts. */
interface PathTree {
  /** Whether the value here is removed. */
  ends?: boolean;
  next: Map<string | number, PathTree>;
}

/**
 * The data without the values at some paths, in one pass. A table in an array becomes an empty one, so that the others
 * keep their indexes.
 */
export function withoutPaths(data: Record<string, unknown>, paths: readonly Path[]): Record<string, unknown> {
  const root: PathTree = { next: new Map() };
  for (const path of paths) {
    let node = root;
    for (const part of path) {
      let next = node.next.get(part);
      if (!next) node.next.set(part, (next = { next: new Map() }));
      node = next;
    }
    node.ends = true;
  }
  return without(data, root) as Record<string, unknown>;
}

function without(data: unknown, { next }: PathTree): unknown {
  if (next.size === 0) return data;
  if (Array.isArray(data)) {
    const hasTables = data.some(isPlainObject);
    return data.flatMap((item: unknown, at) => {
      const inner = next.get(at);
      if (!inner) return [item];
      if (inner.ends) return hasTables ? [{}] : [];
      return [without(item, inner)];
    });
  }
  if (!isPlainObject(data)) return data;
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]): [string, unknown][] => {
      const inner = next.get(key);
      if (!inner) return [[key, value]];
      return inner.ends ? [] : [[key, without(value, inner)]];
    }),
  );
}
