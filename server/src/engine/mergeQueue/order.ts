import type { Bead } from '../../protocol/bead';
import { mergeOf, orderOf } from '../state/work';

/** A position in the queue, chosen by a person. */
export type Place = { at: 'first' } | { at: 'last' } | { at: 'before'; id: string };

/**
 * The orders (see `MergeRequest.order`) that move a request to a place, by id: that of the request itself, and those of
 * others that were ordered by score alone and have to be fixed.
 * @param queue the open requests of the rig in merge order, without the moved one
 */
export function ordersFor(moved: string, place: Place, queue: readonly Bead[]): Map<string, number> {
  const orders = queue.map(placeOf);
  if (place.at === 'first') return new Map([[moved, Math.min(0, ...orders) - 1]]);
  if (place.at === 'last') return new Map([[moved, Math.max(0, ...orders) + 1]]);
  const index = queue.findIndex(({ id }) => id === place.id);
  const next = orders[index]!;
  const previous = orders[index - 1] ?? next - 2;
  const between = (previous + next) / 2;
  if (previous < between && between < next) return new Map([[moved, between]]);
  // No free number: all requests before it, and it, get explicit orders.
  const fixed = [...queue.slice(0, index).map(({ id }) => id), moved, place.id];
  const start = Math.min(0, ...orders.slice(index + 1)) - fixed.length;
  return new Map(fixed.map((id, at) => [id, start + at]));
}

/** The order that moves a request before all others of its rig. */
export function firstOrder(queue: readonly Bead[]): number {
  return Math.min(0, ...queue.map(placeOf)) - 1;
}

function placeOf(bead: Bead): number {
  const request = mergeOf(bead);
  return request ? orderOf(request) : 0;
}
