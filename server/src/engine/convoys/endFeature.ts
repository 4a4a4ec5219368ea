import type { Transaction } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { Action } from '../loop/action';
import { actors, assertRevision, requireRig, type EngineContext } from '../loop/context';
import { escalate } from '../escalation/escalation';
import { requestsIn } from '../mergeQueue/requestIndex';
import { isClosed, mergeOf, withMerge, withWork, workOf } from '../state/work';
import { trackedBeads } from './convoys';
import { FEATURE_LABEL, featureOf } from './feature';

type EndAction = Extract<Action, { type: 'end-feature' }>;

/**
 * Cleans up after a convoy. If it was closed before it landed, work in progress is stopped: none of it may land on the
 * target. Then the branch is deleted in each rig; commits that have not landed are kept under `refs/gastown/convoy/`.
 */
export async function endFeature(action: EndAction, context: EngineContext): Promise<void> {
  const agents = await stopWork(action, context);
  await Promise.all(agents.map((agent) => context.sessions.endAgent(agent, 'stopped')));
  const convoy = context.store.get(action.convoy);
  const feature = convoy && featureOf(convoy);
  if (!feature) return;
  const moved: string[] = [];
  for (const [rig, { landed, tip }] of Object.entries(feature.rigs)) {
    // The repository of a removed rig is gone.
    if (!context.rig(rig)) continue;
    if ((await requireRig(context, rig).dropFeature(feature.branch, { landed: landed !== undefined, tip })) === 'moved')
      moved.push(rig);
  }
  await context.store.batch({ actor: actors.engine }, (tx) => {
    const current = tx.get(action.convoy);
    if (!current || !isClosed(current.status)) return; // the convoy was reopened meanwhile
    tx.update(current.id, { labels: (current.labels ?? []).filter((label) => label !== FEATURE_LABEL) });
    for (const rig of moved) tellMoved(tx, current, rig, feature.branch);
  });
}

/** @returns the agents whose work was stopped */
async function stopWork(action: EndAction, context: EngineContext): Promise<string[]> {
  return context.store.batch({ actor: actors.engine }, (tx) => {
    const convoy = assertRevision(tx, action.convoy, action.revision);
    const { branch } = featureOf(convoy) ?? {};
    const requests = requestsIn(context.store)
      .open()
      .filter((request) =>
        [mergeOf(request)?.target, mergeOf(request)?.source].some((one) => one === branch || one === convoy.id),
      );
    for (const { id } of requests) {
      const request = tx.get(id);
      if (!request || isClosed(request.status)) continue;
      tx.update(id, { metadata: withMerge(request, { ending: 'rejected' }) });
      tx.close(id, `${convoy.id} was closed before it landed`, { force: true });
    }
    const agents: string[] = [];
    for (const bead of trackedBeads(tx, convoy)) {
      if (!['hooked', 'in_progress', 'in_review'].includes(bead.status) || workOf(bead).branch === undefined) continue;
      const problem = `its convoy ${convoy.id} was closed before it landed`;
      tx.update(bead.id, {
        status: bead.status === 'in_review' ? 'hooked' : bead.status,
        metadata: withWork(bead, { held: true, problem }),
      });
      if (bead.assignee !== undefined) agents.push(bead.assignee);
    }
    return agents;
  });
}

function tellMoved(tx: Transaction, convoy: Bead, rig: string, branch: string): void {
  escalate(tx, {
    key: `feature-${convoy.id}-${rig}`,
    rig,
    title: `${branch} of ${rig} has commits by others that are not on its target`,
    detail: `${convoy.id} (${convoy.title}) has landed without them. The branch is left as it is: merge them by hand if needed, and delete it.`,
  });
}
