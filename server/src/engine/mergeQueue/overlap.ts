import { matchesPath, patternsMeet } from '../../base/pathGlob';

/* Finds changes that touch the same files, and so may conflict. Pure. */

/** Files of a request; undefined if they are not known. */
type Files = readonly string[] | undefined;

/** Number of files that two changes have in common. */
export function commonFiles(one: Files, other: Files): number {
  if (!one || !other) return 0;
  const set = new Set(one);
  return other.filter((file) => set.has(file)).length;
}

/**
 * Scores that differ by less than an hour of waiting count as equal, so no request is overtaken for longer than that.
 */
const EQUAL_SCORES = 1;

/**
 * Among requests of equal score, moves those without common files with earlier ones to the front: batches are disjoint
 * if possible, and a conflicting change comes after the other one has landed.
 * @param queue in merge order
 */
export function preferDisjoint<T>(
  queue: readonly T[],
  {
    filesOf,
    scoreOf,
    orderOf,
  }: { filesOf: (item: T) => Files; scoreOf: (item: T) => number; orderOf: (item: T) => number },
): T[] {
  if (queue.filter((item) => filesOf(item)?.length).length < 2) return [...queue];
  const left = [...queue];
  const chosen: T[] = [];
  const taken = new Set<string>();
  while (left.length > 0) {
    const [head] = left as [T];
    let best = 0;
    let fewest = Infinity;
    for (let index = 0; index < left.length && fewest > 0; index += 1) {
      const item = left[index]!;
      if (orderOf(item) !== orderOf(head) || scoreOf(head) - scoreOf(item) >= EQUAL_SCORES) break;
      const overlap = (filesOf(item) ?? []).filter((file) => taken.has(file)).length;
      if (overlap < fewest) [best, fewest] = [index, overlap];
    }
    const [next] = left.splice(best, 1) as [T];
    chosen.push(next);
    for (const file of filesOf(next) ?? []) taken.add(file);
  }
  return chosen;
}

/** Work that is not merged yet. */
export interface TouchingWork {
  id: string;
  /** Patterns of the files that its bead declares. */
  declared: readonly string[];
  /** Files that it has changed. */
  touched: Files;
}

/** The first work that touches the declared files of a bead, and the common files. */
export function overlappingWork(
  patterns: readonly string[],
  running: readonly TouchingWork[],
): { id: string; files: string[] } | undefined {
  if (patterns.length === 0) return undefined;
  for (const { id, declared, touched = [] } of running) {
    const files = touched.filter((file) => patterns.some((pattern) => matchesPath(pattern, file)));
    const meeting = declared.filter((other) => patterns.some((pattern) => patternsMeet(pattern, other)));
    const all = [...new Set([...files, ...meeting])];
    if (all.length > 0) return { id, files: all };
  }
  return undefined;
}
