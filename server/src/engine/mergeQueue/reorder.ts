import { UserError } from '../../base/errors';
import type { CallContext } from '../../protocol/dispatcher';
import type { MqReorder, ReviewResult } from '../../protocol/town';
import { findRequest } from '../review/review';
import type { EngineContext } from '../loop/context';
import { isClosed, mergeOf, withMerge } from '../state/work';
import { mergeRequests, type QueueSources } from './mergeRequests';
import { ordersFor, type Place } from './order';

/** Moves a request to another place in the queue of its rig. It keeps that place when scores change. */
export async function reorder(
  context: EngineContext,
  caller: CallContext,
  sources: QueueSources,
  { id, place, before }: MqReorder.Params,
): Promise<ReviewResult> {
  const { bead, request } = findRequest(context, id);
  const queue = mergeRequests(sources, { rig: request.rig })
    .filter((info) => info.id !== bead.id)
    .sort((a, b) => a.order - b.order || b.score - a.score)
    .flatMap((info) => context.store.get(info.id) ?? []);
  const target: Place =
    place === 'before' ? { at: place, id: otherId(context, bead.id, request.rig, before!) } : { at: place };
  const orders = ordersFor(bead.id, target, queue);
  await context.store.batch(caller, (tx) => {
    for (const [moved, order] of orders) {
      const current = tx.get(moved);
      if (current && mergeOf(current) && !isClosed(current.status))
        tx.update(moved, { metadata: withMerge(current, { order, first: undefined }) });
    }
  });
  return { mergeRequest: bead.id, bead: request.source };
}

function otherId(context: EngineContext, moved: string, rig: string, name: string): string {
  const { bead, request } = findRequest(context, name);
  if (bead.id === moved) throw new UserError(`${name} cannot come before itself`, undefined, 'invalid');
  if (request.rig !== rig)
    throw new UserError(`${name} is in the merge queue of ${request.rig}, not of ${rig}`, undefined, 'invalid');
  return bead.id;
}
