import type { CallContext } from '../../protocol/dispatcher';
import type { ProcessedRequest } from '../../protocol/town';
import type { EngineContext } from '../loop/context';
import type { Engine } from '../loop/engine';
import { reviews } from '../review/reviewRule';
import { mergeOf, withMerge } from '../state/work';
import { mergeRequestInfo, type QueueSources } from './mergeRequests';
import { merges } from './mergeRule';
import { pullRequests } from './pullRequests/pullRequestRule';
import { requestsIn } from './requestIndex';

/**
 * Runs the merge queue of a rig as far as it goes, even while the engine is paused. Waiting retries are made now.
 * Reviews are requested, but no reviewer is started.
 */
export async function processQueue(
  { context, engine, sources }: { context: EngineContext; engine: Pick<Engine, 'runNow'>; sources: () => QueueSources },
  caller: CallContext,
  rig: string,
): Promise<ProcessedRequest[]> {
  const requests = requestsIn(context.store).waiting(rig);
  await context.store.batch(caller, (tx) => {
    for (const { id } of requests) {
      const bead = tx.get(id);
      if (bead?.status === 'open' && mergeOf(bead)?.notBefore !== undefined)
        tx.update(id, { metadata: withMerge(bead, { notBefore: undefined }) });
    }
  });
  await engine.runNow((view) =>
    [
      ...reviews(view).filter((action) => action.type === 'request-review'),
      ...merges(view),
      ...pullRequests(view),
    ].filter((action) => 'rig' in action && action.rig === rig),
  );
  return requests.flatMap(({ id }) => processed(context, sources(), id));
}

function processed({ store }: EngineContext, sources: QueueSources, id: string): ProcessedRequest[] {
  const bead = store.get(id);
  const info = bead && mergeRequestInfo(sources, bead);
  if (!info) return [];
  const { bead: source, title, state, landed } = info;
  const postponed = store.events(source, 20).findLast(({ type }) => type === 'merge_postponed')?.message;
  const reason = info.reason ?? (info.waitsFor === 'retry' ? postponed : undefined);
  return [
    {
      mergeRequest: id,
      bead: source,
      title,
      state,
      ...(landed === undefined ? {} : { landed }),
      ...(reason === undefined ? {} : { reason }),
    },
  ];
}
