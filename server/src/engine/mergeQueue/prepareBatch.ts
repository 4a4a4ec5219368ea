import { AbortedError, currentSignal, runCancellable } from '../../base/abort';
import { mergeKey, type Action } from '../loop/action';
import { requireRig, StaleAction, type EngineContext } from '../loop/context';
import { isClosed, mergeOf, type MergeRequest } from '../state/work';
import type { Link } from './batch';
import { place } from './chain';
import { preparedIn } from './preparedBatches';

type PrepareAction = Extract<Action, { type: 'prepare-batch' }>;

/**
 * Builds the chain of the next batch on top of those in test, and starts testing it. Only the gate results are stored,
 * so they are known or in progress when the batch is processed. Requests that conflict are left for that time.
 */
export async function prepareBatch(action: PrepareAction, context: EngineContext): Promise<void> {
  const rig = requireRig(context, action.rig);
  const queue = mergeKey(action.rig, action.target, action.parts);
  const batches = preparedIn(context.store);
  const base = batches.tip(queue);
  if (base === undefined) throw new StaleAction(`no batch of ${queue} is tested any more`);
  const links: Link[] = [];
  for (const { mergeRequest, revision } of action.requests) {
    const request = waitingRequest(mergeRequest, revision, context);
    if (request.noChange) continue;
    const onto = links.at(-1)?.commit ?? base;
    const placed = await place({ rig, context }, request, onto);
    if (placed.kind === 'ready')
      links.push({ id: mergeRequest, request, onto, commit: placed.commit, before: placed.before });
  }
  const last = links.at(-1);
  if (!last || batches.tip(queue) !== base) throw new StaleAction(`nothing fits onto ${base}`);
  const stop = new AbortController();
  const requests = action.requests.map(({ mergeRequest }) => mergeRequest);
  batches.add(queue, { base, requests, links, cancel: () => stop.abort() });
  try {
    await runCancellable(stop, () =>
      rig.runGates(last.commit, { mergeRequest: last.id, target: action.target, base, isSpare: true }, () => undefined),
    );
  } catch (error) {
    // Nothing depends on it yet. The actual batch will report the problem, if it persists.
    if (currentSignal()?.aborted) throw error;
    if (!(error instanceof AbortedError))
      throw new StaleAction('the next batch cannot be tested now', { cause: error });
  }
}

function waitingRequest(id: string, revision: string, context: EngineContext): MergeRequest {
  const bead = context.store.get(id);
  const request = bead && mergeOf(bead);
  if (!request || isClosed(bead.status) || bead.updated_at !== revision) throw new StaleAction(`${id} has changed`);
  return request;
}
