import { AbortedError } from '../../base/abort';
import type { Action } from '../loop/action';
import { actors, assertRevision, requireRig, StaleAction, type EngineContext } from '../loop/context';
import { withMerge } from '../state/work';
import { SINGLE_REQUESTS } from './batchSize';
import { CheckRecorder } from './checks';
import { rejectForGate } from './confirmCulprit';
import { deferMerge, holdForTarget } from './deferMerge';
import { findCulprit } from './findCulprit';
import { searchesIn, type Search } from './searches';
import type { TestPrefix } from './verdict';

type SearchAction = Extract<Action, { type: 'find-culprit' }>;

/**
 * Finds the change that makes a chain fail, while the queue continues without these changes. The failing gate is then
 * repeated for that change, unless the rig repeats no gates; the others return to their places in the queue as soon as they are ruled out.
 */
export async function searchBatch(action: SearchAction, context: EngineContext): Promise<void> {
  const searches = searchesIn(context.store);
  const search = searches.get(action.search);
  if (!search) throw new StaleAction(`the search ${action.search} is over`);
  try {
    await findAndReject(action, search, context);
    searches.end(action.search);
  } catch (error) {
    // An interrupted search continues after the next start, from the stored results.
    if (error instanceof AbortedError) throw error;
    searches.end(action.search);
    if (error instanceof StaleAction) throw error;
    // As for a failed batch: each request counts its own tries.
    for (const { id } of search.links) await deferMerge({ mergeRequest: id, rig: action.rig }, error, context);
  }
}

async function findAndReject(action: SearchAction, search: Search, context: EngineContext): Promise<void> {
  const { links, base, target, failure } = search;
  const rig = requireRig(context, action.rig);
  const { flakyRetries: retries, gateRuns } = rig.mergeQueue;
  const test: TestPrefix = (length, run = {}) => {
    const link = links[length - 1];
    const mergeRequest = link?.id ?? links[0]!.id;
    return rig.runGates(link?.commit ?? base, { ...run, mergeRequest, target, base }, () => undefined);
  };
  const found = await findCulprit(links.length, failure, test, {
    ...{ retries, confirmLater: true },
    // The queue continues in parallel.
    width: Math.max(1, Math.floor(gateRuns / 2)),
    onNarrowed: (first, last) => {
      searchesIn(context.store).narrow(action.search, links.slice(first - 1, last));
      context.onActivity();
    },
  });
  if (!found) return; // the gate was flaky
  if (found.link === 0) {
    rig.recordMergeWindow(SINGLE_REQUESTS, target); // one of the others may repair the target
    return holdForTarget(action.rig, links, found.failure, context);
  }
  const culprit = links[found.link - 1]!;
  const revision = action.requests.find(({ mergeRequest }) => mergeRequest === culprit.id)?.revision ?? '';
  const { gate, problem } = found.failure;
  const before = found.link === 1 ? base : undefined;
  await context.store.batch({ actor: actors.refinery(action.rig) }, (tx) => {
    const bead = assertRevision(tx, culprit.id, revision);
    if (retries > 0)
      return tx.update(bead.id, {
        metadata: withMerge(bead, { suspected: { gate, problem, commit: culprit.commit, base, before } }),
      });
    // Failures of this rig are not repeated.
    const checks = new CheckRecorder(context.clock).results(rig.gates, found.failure);
    const now = context.clock.now();
    rejectForGate(tx, culprit, { failure: found.failure, before, checks, now, maxAttempts: action.maxAttempts });
  });
}
