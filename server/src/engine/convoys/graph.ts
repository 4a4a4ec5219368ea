import { UserError } from '../../base/errors';

/** Dependencies among a convoy's beads: `needs.get(a)` holds the beads that `a` waits for. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/**
 * Sorts beads into waves: each wave needs only the waves before it (Kahn's algorithm; ids break ties).
 * Dependencies on beads outside `ids` do not count.
 * @throws UserError naming the beads of a cycle
 */
export function waves(ids: readonly string[], needs: Needs): string[][] {
  const inside = new Set(ids);
  const open = new Map(
    ids.map((id) => [id, new Set((needs.get(id) ?? []).filter((need) => inside.has(need) && need !== id))]),
  );
  const result: string[][] = [];
  while (open.size > 0) {
    const wave = [...open]
      .filter(([, waiting]) => waiting.size === 0)
      .map(([id]) => id)
      .sort();
    if (wave.length === 0) {
      throw new UserError(
        `these beads wait for each other: ${[...open.keys()].sort().join(', ')}`,
        'remove one dependency with "bd dep remove"',
        'conflict',
      );
    }
    for (const id of wave) open.delete(id);
    for (const waiting of open.values()) for (const id of wave) waiting.delete(id);
    result.push(wave);
  }
  return result;
}
