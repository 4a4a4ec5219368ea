import { UserError } from '../../base/errors';
import { wavesOf } from '../../base/graph';

/** Dependencies among a convoy's beads: `needs.get(a)` holds the beads that `a` waits for. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/**
 * Sorts beads into waves: each wave needs only the waves before it (ids break ties).
 * Dependencies on beads outside `ids` do not count.
 * @throws UserError naming the beads of a cycle
 */
export function waves(ids: readonly string[], needs: Needs): string[][] {
  const { waves, cyclic } = wavesOf([...ids].sort(), (id) => needs.get(id) ?? []);
  if (cyclic.length > 0)
    throw new UserError(
      `these beads wait for each other: ${cyclic.join(', ')}`,
      'remove one dependency with "bd dep remove"',
      'conflict',
    );
  return waves;
}
