import { isDeepStrictEqual } from 'node:util';
import { isPlainObject } from '../../base/objects';
import { canonicalJson } from '../storage/goJson';

/** The three versions of a value in a three-way merge. */
export interface Sides<T> {
  base: T;
  ours: T;
  theirs: T;
}

/** Picks between two values that both differ from the base; must not depend on which side is which. */
export type Resolve = <T>(sides: Sides<T>) => T;

export function merge3<T>(sides: Sides<T>, resolve: (sides: Sides<T>) => T): T {
  if (isDeepStrictEqual(sides.ours, sides.theirs)) return sides.ours;
  if (isDeepStrictEqual(sides.ours, sides.base)) return sides.theirs;
  if (isDeepStrictEqual(sides.theirs, sides.base)) return sides.ours;
  return resolve(sides);
}

/** The later side wins; of two that are equally late, the value whose text sorts last. An absent value loses. */
export function laterWins(order: number): Resolve {
  return ({ ours, theirs }) => {
    if (order !== 0) return order > 0 ? ours : theirs;
    if (ours === undefined || theirs === undefined) return ours ?? theirs;
    return canonicalJson(ours) > canonicalJson(theirs) ? ours : theirs;
  };
}

/** Merges sets of strings: additions of either side are kept, removals of either side are applied. */
export function mergeStrings({ base, ours, theirs }: Sides<string[] | undefined>): string[] | undefined {
  const [before, left, right] = [new Set(base), new Set(ours), new Set(theirs)];
  const union = new Set([...left, ...right]);
  const merged = [...union].filter((value) => (before.has(value) ? left.has(value) && right.has(value) : true));
  return merged.length === 0 ? undefined : merged.sort();
}

/** Merges sets of parts by identity; `resolve` chooses between two versions of one part. */
export function mergeParts<T>(
  { base, ours, theirs }: Sides<readonly T[] | undefined>,
  keyOf: (part: T) => string,
  resolve: Resolve,
  compare: (a: T, b: T) => number,
): T[] | undefined {
  const [before, left, right] = [byKey(base, keyOf), byKey(ours, keyOf), byKey(theirs, keyOf)];
  const merged: T[] = [];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(key), right.get(key)];
    if (a !== undefined && b !== undefined) {
      merged.push(merge3({ base: before.get(key), ours: a, theirs: b } as Sides<T>, resolve));
    } else if (!before.has(key)) {
      merged.push((a ?? b) as T);
    }
  }
  return merged.length === 0 ? undefined : merged.sort(compare);
}

function byKey<T>(parts: readonly T[] | undefined, keyOf: (part: T) => string): Map<string, T> {
  return new Map((parts ?? []).map((part) => [keyOf(part), part]));
}

/** Merges objects key by key at the top level, and other values as a whole. */
export function mergeObjects({ base, ours, theirs }: Sides<unknown>, resolve: Resolve): unknown {
  if (!isPlainObject(ours) || !isPlainObject(theirs)) return resolve({ base, ours, theirs });
  const before = isPlainObject(base) ? base : {};
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
  const entries = keys.map((key): [string, unknown] => [
    key,
    merge3({ base: own(before, key), ours: own(ours, key), theirs: own(theirs, key) }, resolve),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function own(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
