import { StaleAction, type EngineContext } from '../loop/context';
import { isClosed, mergeOf, type MergeRequest } from '../state/work';

/** The merge request that an action names. @throws StaleAction if it has changed since, or is closed */
export function openRequest(
  { store }: EngineContext,
  { mergeRequest, revision }: { mergeRequest: string; revision: string },
): MergeRequest {
  const bead = store.get(mergeRequest);
  const request = bead && mergeOf(bead);
  if (!request || bead.updated_at !== revision || isClosed(bead.status))
    throw new StaleAction(`${mergeRequest} has changed`);
  return request;
}
